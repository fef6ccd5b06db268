import { mkdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import { openTelemetryLog } from '../../../../src/hub/store/log/index.ts';
import { openRegistryStore } from '../../../../src/hub/store/sqlite/index.ts';
import { realClock } from '../../../support/real-clock.ts';
import { runLine } from '../../support/fake-terminal.ts';

let directory: string;
let dataDir: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-verify-command-'));
  dataDir = join(directory, 'hub');
  mkdirSync(join(dataDir, 'artifacts'), { recursive: true });
  await (await openRegistryStore({ file: join(dataDir, 'registry.db') })).close();
  await (await openTelemetryLog({ file: join(dataDir, 'telemetry.db'), clock: realClock })).close();
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const verify = (...words: readonly string[]) =>
  runLine(commandTable, { argv: ['hub', 'verify', '--data', dataDir, ...words] });

test('when all is well, then it says what was checked, and exits 0', async () => {
  const { stdout, code } = await verify();
  expect(code).toBe(0);
  expect(stdout).toMatch(/State: +all is as it was written/);
  expect(JSON.parse((await verify('-o', 'json')).stdout)).toMatchObject({ valid: true, problems: [] });
});

test('when something is damaged, then it is named, and the exit code is 1', async () => {
  await writeFile(join(dataDir, 'artifacts', 'e'.repeat(64)), 'other bytes');
  await writeFile(join(dataDir, 'artifacts', 'f'.repeat(64)), 'other bytes');
  const { stdout, stderr, code } = await verify();
  expect(code).toBe(1);
  expect(stdout.match(/^Problem: .*/gm)).toEqual([
    expect.stringMatching(/^Problem: +artifacts\/e{64}: /),
    expect.stringMatching(/^Problem: +artifacts\/f{64}: /),
  ]);
  expect(stderr).toContain('error: the data in');
  expect(JSON.parse((await verify('-o', 'json')).stdout)).toMatchObject({
    valid: false,
    problems: [{ file: `artifacts/${'e'.repeat(64)}` }, { file: `artifacts/${'f'.repeat(64)}` }],
  });
});

test('when there is no data of a hub, then that is said, and the exit code is 3', async () => {
  await rm(join(dataDir, 'registry.db'));
  expect(await verify()).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("there is no hub's data") as string,
  });
});
