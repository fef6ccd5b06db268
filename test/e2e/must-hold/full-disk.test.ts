import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';
import { freePorts, startHubBox, type HubBox } from './support/hub-box.ts';
import { privateMounts } from './support/mount.ts';
import { expectOneError } from './support/one-error.ts';

describe('a full disk under the output', () => {
  let hub: HubBox;
  beforeAll(async () => {
    hub = await startHubBox();
    await (await hub.device('one')).sendTelemetry({ n: 1 });
  });
  afterAll(() => hub.close());

  test.concurrent.each([
    '--help',
    '--version',
    'completion bash',
    'provision --template',
    'provision more --show-secrets',
    'device list',
    'device list -o csv',
    'device show one -o yaml',
    'twin show one',
    'hub env',
    'hub status',
    'profile list',
    'doctor',
    'tail telemetry --since 1h --count 1',
    'tail telemetry --since 1h',
  ])('%s', async (line) => {
    expectOneError(await hub.box.shell(`iotctl ${line} > /dev/full`), {
      code: 1,
      error: 'cannot write: no space left on the device',
    });
  });
});

const mounts = privateMounts();

describe.skipIf(mounts === undefined)('a full disk under', () => {
  let box: Sandbox;
  beforeEach(async () => {
    box = await createSandbox();
  });
  afterEach(() => box.remove());

  /** Runs a script where `small` is a disk of three megabytes, with `fill` and `free` for what is left of it. */
  const onSmallDisk = async (script: string): Promise<{ stdout: string; stderr: string; code: number | null }> => {
    const path = join(box.directory, 'script.sh');
    const lines = [
      `iotctl() { '${process.execPath}' '${join(import.meta.dirname, '../../../bin/iotctl.js')}' "$@"; }`,
      'fill() { head -c 10M /dev/zero > small/filler 2>/dev/null; true; }',
      'free() { rm small/filler; }',
      'mkdir small && mount -t tmpfs -o size=3m,mode=700 tmpfs small',
      script,
    ];
    await writeFile(path, lines.join('\n'));
    const [command = '', ...words] = mounts ?? [];
    const child = spawn(command, [...words, 'bash', path], { cwd: box.directory, env: { ...box.env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { stdout, stderr, code };
  };
  const start = `iotctl hub start ${freePorts.join(' ')}`;

  test('the results of provision: nothing is registered, no half file is left', async () => {
    const { stdout, stderr } = await onSmallDisk(
      [
        `${start} --detach > /dev/null 2>&1`,
        'echo before > small/out.csv; fill',
        'iotctl provision --count 2000 --prefix x- --out small/out.csv > /dev/null; echo "code $?"',
        'cat small/out.csv; ls -A small; free; iotctl hub stop 2> /dev/null',
      ].join('\n'),
    );
    expectOneError({ stdout: '', stderr, code: 1 }, { code: 1, error: 'cannot write small/out.csv: no space left' });
    expect(stdout).toBe('code 1\nbefore\nfiller\nout.csv\n');
  });

  test('a hub that starts: one line, in front and behind, and nothing is left', async () => {
    const result = await onSmallDisk(
      [
        'fill',
        `${start} --data small/hub > /dev/null; echo "code $?"`,
        `TMPDIR=$PWD/small ${start} --ephemeral > /dev/null; echo "code $?"; ls small`,
      ].join('\n'),
    );
    const errors = result.stderr
      .trimEnd()
      .split('\n')
      .filter((line) => line.startsWith('error:'));
    expect(errors).toEqual([expect.stringMatching(/no space left/), expect.stringMatching(/no space left/)]);
    expect(result.stdout).toBe('code 1\ncode 1\nfiller\nhub\n');
  });

  test('a hub that runs: nothing is acknowledged that is not stored, and it goes on when there is space', async () => {
    await writeFile(join(box.directory, 'send.ts'), sender);
    const { stdout, stderr } = await onSmallDisk(
      [
        `${start} --detach --data small/hub > /dev/null 2>&1`,
        'iotctl provision kept --out keys.csv > /dev/null 2>&1',
        `send() { '${process.execPath}' send.ts small/hub/hub.json keys.csv "$1"; }`,
        'send before; fill; send full; iotctl device list -o name; free; send after',
        'iotctl provision later > /dev/null 2>&1; iotctl device list -o name',
        'iotctl tail telemetry --since 1h --timeout 1s --query body.n -o lines',
        'iotctl hub stop --data small/hub 2> /dev/null',
      ].join('\n'),
    );
    const lines = stdout.trimEnd().split('\n');
    const acknowledged = lines.filter((line) => line.startsWith('acknowledged ')).map((line) => line.slice(13));
    expect(acknowledged).toContain('before');
    expect(acknowledged).toContain('after');
    expect(lines.filter((line) => line === 'kept')).toHaveLength(2);
    expect(lines).toContain('later');
    const stored = lines.filter(
      (line) => line.startsWith('before') || line.startsWith('full') || line.startsWith('after'),
    );
    expect({ stored: [...new Set(stored)], stderr }).toEqual({ stored: acknowledged, stderr: expect.any(String) });
  }, 60_000);
});

/** A device that sends until the hub does not take more, or fifty messages; says what was acknowledged. */
const sender = `
import { readFileSync } from 'node:fs';
import { connectDevice, parseEndpoint } from '${join(import.meta.dirname, '../../../src/device/index.ts')}';
import { parseConnectionString } from '${join(import.meta.dirname, '../../../src/protocol/connection-string.ts')}';
import { realClock } from '${join(import.meta.dirname, '../../support/real-clock.ts')}';

const [, , state, keys, word] = process.argv;
const { ports, hostName } = JSON.parse(readFileSync(state, 'utf8'));
const [, connectionString] = /(HostName=.*)$/m.exec(readFileSync(keys, 'utf8'));
const { sharedAccessKey } = parseConnectionString(connectionString);
const device = await connectDevice({
  credentials: { hostName, deviceId: 'kept', sharedAccessKey },
  endpoint: parseEndpoint('mqtt://127.0.0.1:' + ports.mqtt),
  clock: realClock,
  random: () => 0,
  limits: { answerTimeoutMs: 1_500 },
  firstConnectMs: 5_000,
});
try {
  await device.sendTelemetry({ n: word });
  console.log('acknowledged ' + word);
} catch (error) {
  console.log('refused ' + word);
}
await device.close();
`;
