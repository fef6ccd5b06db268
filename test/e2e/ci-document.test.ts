// The pipelines of docs/ci.md work: their shell lines are taken from the page and run against a hub with simulated devices.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environmentOf } from '../../src/fleet/hub/environment.ts';
import { repository } from '../architecture/source-files.ts';
import { openRolloutBox, type RolloutBox } from '../rollout/support/rollout-box.ts';
import { simulatePumps } from '../rollout/support/pumps.ts';

/** A block of the page, by the comment before it. */
function block(name: string): string {
  const page = readPage();
  const [, text] = new RegExp(`^<!-- ci: ${name} -->\\n\`\`\`\\w+\\n(.*?)^\`\`\`$`, 'ms').exec(page) ?? [];
  if (text === undefined) throw new Error(`docs/ci.md has no block "${name}"`);
  return text;
}

let page = '';
const readPage = (): string => page;

const devices = 24;
let hub: RolloutBox;
/** What the secret store of a CI holds. */
let secrets: Readonly<Record<string, string>>;
/** The address of a hub on this machine; one in the cloud has it in its connection string. */
let address: Readonly<Record<string, string>>;

beforeAll(async () => {
  page = await readFile(join(repository, 'docs/ci.md'), 'utf8');
  hub = await openRolloutBox();
  const { directory } = hub.box;
  const variables = Object.fromEntries(environmentOf(hub.info).map(({ name, value }) => [name, value]));
  const { IOTCTL_CONNECTION_STRING = '', IOTCTL_SERVICE_URL = '', IOTCTL_CA_FILE = '' } = variables;
  address = { IOTCTL_SERVICE_URL, IOTCTL_CA_FILE };
  expect(await run(block('once'), { IOTCTL_CONNECTION_STRING, IOTCTL_YES: 'true' })).toMatchObject({ code: 0 });
  secrets = {
    IOTCTL_CONNECTION_STRING,
    IOTCTL_SIGNING_KEY: await readFile(join(directory, 'keys/release.key'), 'utf8'),
  };
  await mkdir(join(directory, 'rollouts'));
  // Nobody waits for hours here.
  const policy = block('file rollouts/pump.yaml').replaceAll(/\bbake: \w+/g, 'bake: 0s');
  await writeFile(join(directory, 'rollouts/pump.yaml'), policy);
  await writeFile(
    join(directory, 'build.sh'),
    '#!/bin/sh\necho "firmware $CI_COMMIT_TAG$GITHUB_REF_NAME$BUILD_NUMBER" > "$1"\n',
    {
      mode: 0o755,
    },
  );
  await simulatePumps(hub, { count: devices, trust: 'keys/release.trust.json' });
}, 60_000);
afterAll(() => hub.close());

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** Runs shell lines as a CI does, with what it gives them and nothing else of a hub. */
async function run(script: string, env: Readonly<Record<string, string>>, shell = 'bash'): Promise<Ended> {
  const options = { env: { ...address, ...env }, shell };
  const { stdout, stderr, code } = await hub.box.shell(`set -e\n${script}`, options);
  const said = `${stdout}${stderr}`;
  expect(said, 'a secret is shown').not.toMatch(/PRIVATE KEY|SharedAccessKey=/);
  return { code, said };
}

/** Every device runs the version, and the rollout says so. */
async function expectRolledOut(id: string, version: string): Promise<void> {
  expect(await hub.record(`rollouts/${id}/state`)).toMatchObject({ state: { phase: 'completed' } });
  const rows = await hub.query('SELECT properties.reported.firmware.version AS version FROM devices');
  expect(rows.map((row) => row['version'])).toEqual(Array.from({ length: devices }, () => version));
}

async function expectJunit(): Promise<void> {
  const report = await readFile(join(hub.box.directory, 'rollout.xml'), 'utf8');
  expect(report.match(/<testcase [^>]*\sname="pump-/g)).toHaveLength(devices);
}

/** Expressions of GitHub Actions that the page uses. */
function fill(text: string): string {
  return text
    .replaceAll(/\$\{\{ secrets\.(\w+) \}\}/g, (_, name: string) => secrets[name] ?? '')
    .replaceAll('${{ github.event.head_commit.timestamp }}', '2026-03-01T12:00:00+01:00');
}

interface Workflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { steps: readonly { run?: string; env?: Readonly<Record<string, string>> }[] }>
  >;
}

test('GitHub Actions', async () => {
  const workflow = parse(block('github')) as Workflow;
  const runner = { GITHUB_REF_NAME: 'v2.1.0', GITHUB_RUN_NUMBER: '7', GITHUB_STEP_SUMMARY: 'summary.md' };
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  for (const step of steps) {
    if (step.run === undefined) continue;
    const env = Object.entries({ ...workflow.env, ...step.env }).map(([name, value]) => [name, fill(value)] as const);
    const { code, said } = await run(fill(step.run), { ...runner, ...Object.fromEntries(env) });
    expect(code, said).toBe(0);
  }
  await expectRolledOut('pump-2-1-0', '2.1.0');
  await expectJunit();
  expect(await readFile(join(hub.box.directory, 'summary.md'), 'utf8')).toContain('canary');
}, 120_000);

interface Job {
  readonly stage: string;
  readonly script: readonly string[];
  readonly allow_failure?: { readonly exit_codes: readonly number[] };
}

interface Pipeline {
  readonly stages: readonly string[];
  readonly [job: string]: unknown;
}

test('GitLab CI', async () => {
  const pipeline = parse(block('gitlab')) as Pipeline;
  const jobs = Object.values(pipeline).filter(
    (job): job is Job => typeof job === 'object' && job !== null && 'script' in job,
  );
  const runner = { CI_COMMIT_TAG: 'v2.2.0', CI_PIPELINE_IID: '8', CI_COMMIT_TIMESTAMP: '2026-03-02T12:00:00+01:00' };
  await hub.box.shell('rm -f pump.json plan.json rollout.xml');
  for (const stage of pipeline.stages) {
    for (const { script, allow_failure: allowed } of jobs.filter((job) => job.stage === stage)) {
      const { code, said } = await run(script.join('\n'), { ...runner, ...secrets });
      expect([0, ...(allowed?.exit_codes ?? [])], said).toContain(code);
    }
  }
  await expectRolledOut('pump-2-2-0', '2.2.0');
  await expectJunit();
}, 120_000);

test('a plain shell, and once more the same', async () => {
  await hub.box.shell('rm -f pump.json plan.json');
  const script = `set -- 2.3.0\n${block('shell')}`;
  const runner = { BUILD_NUMBER: '9', COMMIT_TIME: '2026-03-03T12:00:00Z' };
  const first = await run(script, { ...runner, ...secrets }, 'sh');
  expect(first.code, first.said).toBe(0);
  await expectRolledOut('pump-2-3-0', '2.3.0');
  // A checkout of its own, as a pipeline that is run again has.
  await hub.box.shell('rm -f pump.json plan.json rollout.md');
  const second = await run(script, { ...runner, ...secrets }, 'sh');
  expect(second.code, second.said).toBe(0);
  expect(second.said).toContain('rollout pump-2-3-0 is there already');
}, 120_000);
