import { Failure } from '../../errors/index.ts';
import type { LocalProfile } from '../../fleet/hub/index.ts';
import type { HubOptions } from '../../hub/index.ts';
import type { CommandContext } from '../context.ts';
import {
  choiceOption,
  listOption,
  numberOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../define-command.ts';
import { dataDirectory } from '../options/hub-data.ts';
import { parseImitation } from '../options/imitation.ts';
import { addressesOf, logLevels, portsOf, refusedKeyHolders, routesOf } from '../options/hub-flags.ts';
import { startedHubView } from '../views/hub-view.ts';
import { createHubLog } from './hub-log.ts';
import { ofAnotherHub, replacedText } from './start-words.ts';

/** When the start is over, and what it needed in memory with it. */
const settledMs = 2_000;

/** Names that an Event Hubs client can attach to, which has them in an address. Failure: invalid-value. */
function consumerGroupsOf(input: CommandInput): readonly string[] {
  const names = listOption(input, 'consumerGroup');
  const wrong = names.find((name) => !/^\$?[A-Za-z0-9._-]{1,50}$/.test(name));
  if (wrong === undefined) return names;
  throw new Failure(
    'invalid-value',
    `--consumer-group: "${wrong}" is not a name of up to 50 letters, digits and . _ -`,
  );
}

/** Names that clients connect to and certificates carry. Failure: invalid-value. */
function hostNamesOf(input: CommandInput): readonly string[] {
  const names = listOption(input, 'hostname');
  const wrong = names.find((name) => !/^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45})$/.test(name));
  if (wrong === undefined) return names;
  throw new Failure('invalid-value', `--hostname: "${wrong}" is not the name of a host, nor an address`);
}

/** Runs a hub in this process until it is told to stop. */
export async function startHere(context: CommandContext, input: CommandInput): Promise<void> {
  const { runHub } = await import('../../fleet/hub/index.ts');
  const { boundHeap } = await import('../../std/bound-heap.ts');
  const { releaseMemory } = await import('../../std/release-memory.ts');
  boundHeap();
  const ephemeral = switchOption(input, 'ephemeral');
  const maxAgeMs = numberOption(input, 'retention');
  const imitate = textOption(input, 'imitate');
  const megabytes = numberOption(input, 'retentionSize');
  const options: HubOptions = {
    dataDir: dataDirectory(context, input),
    ephemeral,
    ports: portsOf(input),
    hostNames: hostNamesOf(input),
    addresses: addressesOf(input, 'listen'),
    operationsAddresses: addressesOf(input, 'operationsListen'),
    provisioning: await readProvisioning(context, input),
    limits: await readLimitChoices(context, input),
    routes: routesOf(input),
    refuseKeysOf: refusedKeyHolders(input),
    consumerGroups: consumerGroupsOf(input),
    retention: { maxAgeMs, maxBytes: megabytes === undefined ? undefined : megabytes * 1_000_000 },
    ...(imitate !== undefined && { imitation: parseImitation(imitate) }),
    clock: context.clock,
    log: await createHubLog(context.notes, choiceOption(input, 'logLevel', logLevels)),
    pid: context.runtime.pid,
    version: context.runtime.version(),
  };
  const run = await runHub({
    options,
    readyFile: textOption(input, 'readyFile'),
    profiles: ephemeral ? undefined : await context.profiles(),
    controller: switchOption(input, 'noController')
      ? undefined
      : { random: context.random, programEnv: switchOption(input, 'allowCommands') ? context.env : undefined },
  });
  try {
    for (const fallback of run.fallbacks) context.notes.warn(replacedText(fallback));
    tellProfile(context, run.profile, run.profileFailure?.message);
    await context.output.document(run.info, startedHubView(switchOption(input, 'showSecrets')));
    context.notes.success(context.notes.isTTY ? 'the hub is ready; Ctrl-C stops it' : 'the hub is ready');
    context.clock.after(settledMs, () => void releaseMemory().catch(() => undefined), { unref: true });
    await untilAborted(context.signal);
  } finally {
    await run.stop();
  }
  context.notes.info('the hub has stopped');
}

async function readProvisioning(context: CommandContext, input: CommandInput): Promise<HubOptions['provisioning']> {
  const file = textOption(input, 'provisioning');
  if (file === undefined) return undefined;
  const { readDeclaration } = await import('../documents/read-declaration.ts');
  const { readProvisioningOptions } = await import('../../fleet/hub/index.ts');
  const { value, directory } = await readDeclaration(context, file);
  return readProvisioningOptions(value, directory);
}

/** The file, and over it the words of the command line. */
async function readLimitChoices(context: CommandContext, input: CommandInput): Promise<HubOptions['limits']> {
  const file = textOption(input, 'limits');
  const words = listOption(input, 'limit');
  if (file === undefined && words.length === 0) return undefined;
  const { readLimits, withLimit } = await import('../../fleet/hub/index.ts');
  const { readDeclaration } = await import('../documents/read-declaration.ts');
  const read = file === undefined ? {} : await readLimits((await readDeclaration(context, file)).value);
  return words.reduce(withLimit, read);
}

function tellProfile({ notes }: CommandContext, profile: LocalProfile | undefined, failure: string | undefined): void {
  if (failure !== undefined) notes.warn(`the profile "local" could not be kept: ${failure}`);
  if (profile?.outcome === 'foreign') notes.warn(ofAnotherHub(profile.name));
  if (profile?.outcome === 'created' || profile?.outcome === 'updated') {
    notes.info(`profile "${profile.name}" ${profile.outcome}${profile.selected ? ' and selected' : ''}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
