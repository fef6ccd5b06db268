import type { Check } from '../../fleet/doctor/index.ts';
import type { CommandContext } from '../context.ts';
import { defineCommand } from '../define-command.ts';
import { signInBy } from '../prompt/sign-in.ts';
import { checkView } from '../views/check-view.ts';

export const command = defineCommand({
  name: 'doctor',
  summary: 'Check this machine, the configuration and the hub.',
  description: `Checks Node.js and its SQLite, the configuration and its permissions, and the
chosen hub: can it be reached, is its certificate trusted, do the clocks
agree, what may the credentials do, which parts does it serve. Each check has a verdict and, where
something is wrong, a remedy. Nothing is changed.`,
  examples: [
    { run: 'iotctl doctor', explains: 'everything' },
    { run: 'iotctl doctor --profile plant -o json', explains: 'another hub, for a program' },
  ],
  exitCodes: [1, 4, 9, 143],
  output: 'rows',
  usesHub: true,
  run: examine,
});

async function examine(context: CommandContext): Promise<void> {
  const { failureOfChecks, runChecks } = await import('../../fleet/doctor/index.ts');
  const { inspectConfiguration } = await import('../../config/index.ts');
  const { probeHub } = await import('../../client/index.ts');
  const { clock, random, env, signal, runtime, directories, notes } = context;
  const checks: Check[] = [];
  // The configuration is inspected before anything reads it: reading tightens loose permissions.
  const results = runChecks({
    inspect: async () => inspectConfiguration(directories.config, runtime.uid),
    connection: async () => context.connection(),
    probe: async (connection) => probeHub(connection, { clock, random, env, ...signInBy(notes) }, signal),
    nodeVersion: runtime.node,
    sqliteVersion,
    now: () => clock.now(),
  });
  for await (const check of results) checks.push(check);
  const told = context.output.isTTY && context.output.format === 'table' && notes.isTTY;
  await context.output.list(checks, checkView(told));
  if (told) for (const check of checks) tellProblem(notes, check);
  const failure = failureOfChecks(checks);
  if (failure !== undefined) throw failure;
}

/** The table of a terminal is cut to its width; what must be read whole is not. */
function tellProblem(notes: CommandContext['notes'], { name, verdict, detail, remedy }: Check): void {
  if (verdict === 'ok' || verdict === 'skipped') return;
  notes.info(`${name}: ${detail}${remedy === null ? '' : `\n  remedy: ${remedy}`}`);
}

async function sqliteVersion(): Promise<string> {
  const { DatabaseSync } = await import('node:sqlite');
  const database = new DatabaseSync(':memory:');
  try {
    const row = database.prepare('SELECT sqlite_version() AS version').get();
    return String(row?.['version']);
  } finally {
    database.close();
  }
}
