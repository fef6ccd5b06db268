import { spawnSync } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { command } from '../../src/cli/commands/hub/start.ts';
import { metricNames } from '../../src/hub/operations/metrics.ts';

const root = new URL('../../', import.meta.url).pathname;
const read = (path: string): Promise<string> => readFile(join(root, 'deploy', path), 'utf8');

/** Flags that a text gives to `hub start`. */
function flagsIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<=[\s"])--([a-z-]+)(?=[\s",])/g)].map(([, name]) => name ?? '');
}

const known = new Set((command.options ?? []).map(({ name }) => name));

test('the unit and the container start the hub with flags that there are', async () => {
  const unit = /^ExecStart=.*$/m.exec(await read('systemd/iotctl-hub.service'))?.[0] ?? '';
  const container = /^CMD \["hub"[\s\S]*$/m.exec(await read('container/Containerfile'))?.[0] ?? '';
  for (const line of [unit, container]) {
    expect(flagsIn(line)).toContain('operations-port');
    expect(flagsIn(line).filter((name) => !known.has(name))).toEqual([]);
  }
});

test('the container copies what there is', async () => {
  const lines = (await read('container/Containerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm);
  const sources = [...lines].flatMap(([, words = '']) => words.split(' '));
  expect(sources).toContain('package-lock.json');
  for (const source of sources) await expect(access(join(root, source))).resolves.toBeUndefined();
});

test('alerts ask for metrics that there are', async () => {
  const { groups } = parse(await read('prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rules = groups.flatMap(({ rules: each }) => each);
  expect(rules.length).toBeGreaterThan(5);
  const named = rules.flatMap(({ expr }) =>
    [...expr.matchAll(/\b(?:iotctl|process)_[a-z0-9_]+/g)].map(([name]) => name),
  );
  expect(named.filter((name) => !(name in metricNames) && name !== 'process_resident_memory_bytes')).toEqual([]);
});

test('systemd understands the unit', async ({ skip }) => {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0) skip('systemd-analyze is not installed');
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-unit-'));
  const file = join(directory, 'iotctl-hub.service');
  // The program is looked up, and is not installed here.
  await writeFile(file, (await read('systemd/iotctl-hub.service')).replaceAll('/usr/local/bin/iotctl', '/bin/true'));
  const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  await rm(directory, { recursive: true, force: true });
  expect({ status, said: `${stdout}${stderr}`.split('\n').filter((line) => line.includes('iotctl-hub')) }).toEqual({
    status: 0,
    said: [],
  });
});
