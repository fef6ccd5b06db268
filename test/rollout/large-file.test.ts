/** The length of a firmware file must not tell in the memory of the commands that read it. */
import { spawn } from 'node:child_process';
import { mkdtemp, open, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startHubBox, type HubBox } from '../e2e/must-hold/support/hub-box.ts';

let hub: HubBox;
let directory: string;

beforeEach(async () => {
  hub = await startHubBox();
  directory = await mkdtemp(join(tmpdir(), 'iotctl-large-'));
});

afterEach(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const megabyte = 1_048_576;
/** Told by the program itself when it ends: the most memory that it ever had, in kilobytes. */
const tellPeak = `data:text/javascript,process.on('exit',()=>console.error('peak',process.resourceUsage().maxRSS))`;

/** Runs a command in the directory; answers the most memory it had, in megabytes. */
async function peakOf(...words: readonly string[]): Promise<number> {
  const program = join(import.meta.dirname, '../../bin/iotctl.js');
  const { connectionString, ports } = hub.info;
  const child = spawn(process.execPath, ['--import', tellPeak, program, 'firmware', ...words, '--quiet'], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      HOME: directory,
      IOTCTL_CONFIG_DIR: join(directory, 'config'),
      IOTCTL_CACHE_DIR: join(directory, 'cache'),
      IOTCTL_CONNECTION_STRING: connectionString,
      IOTCTL_SERVICE_URL: `http://127.0.0.1:${ports.http}`,
    },
  });
  let errors = '';
  for await (const chunk of child.stderr.setEncoding('utf8') as AsyncIterable<string>) errors += chunk;
  const code = child.exitCode ?? (await new Promise((resolve) => void child.once('exit', resolve)));
  const peak = /^peak (\d+)$/m.exec(errors)?.[1];
  expect(code, errors).toBe(0);
  return Number(peak) / 1_024;
}

test('a file of 2 GB is signed, verified and added with the memory of one of 2 MB', async () => {
  await peakOf('keygen', 'release');
  const peaks: Record<string, readonly number[]> = {};
  for (const [name, bytes] of [
    ['small', 2 * megabyte],
    ['large', 2_048 * megabyte],
  ] as const) {
    const file = join(directory, `${name}.bin`);
    await (await open(file, 'w')).close();
    // Sparse: it has its length, and takes no room here.
    await truncate(file, bytes);
    peaks[name] = [
      await peakOf('sign', file, `${name}@1.0.0`, '--hardware', 'pump', '--key', 'release.key'),
      await peakOf('verify', `${name}-1.0.0.json`, '--file', file, '--public-key', 'release.pub'),
      await peakOf('add', `${name}-1.0.0.json`, '--file', file, '--public-key', 'release.pub'),
    ];
  }
  const { small = [], large = [] } = peaks;
  process.stdout.write(
    `sign, verify, add: 2 MB ${small.map(Math.round).join(', ')} MB; 2 GB ${large.map(Math.round).join(', ')} MB\n`,
  );
  // What a garbage collector leaves lying about for a while; the file is a hundred times that.
  for (const [index, peak] of large.entries()) expect(peak - (small[index] ?? 0)).toBeLessThan(20);
});
