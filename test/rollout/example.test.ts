import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the example of examples/firmware goes the whole way', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-example-'));
  try {
    const { PATH } = process.env;
    const iotctl = `${process.execPath} ${join(root, 'bin/iotctl.js')}`;
    const env = { PATH, HOME: directory, TMPDIR: directory, IOTCTL: iotctl };
    const child = spawn('sh', [join(root, 'examples/firmware/try.sh')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    expect(code, said).toBe(0);
    expect(said).toMatch(/version=2\.0\.0 pressure=4\.4[^]*exit code 8[^]*version=2\.0\.0 pressure=4\.4/);
    expect(said).toContain('firmware 2.0.0 runs and is confirmed');
    expect(said).toMatch(/firmware 2\.1\.0: went back to 2\.0\.0: self-test-failed: .*no pressure/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
