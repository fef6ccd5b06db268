import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from './harness/sandbox.ts';

const ports = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https'];
const freePorts = ports.flatMap((name) => [`--${name}-port`, '0']);

describe('fleets, uploads and a whole hub in files', () => {
  let box: Sandbox;
  let http: number;

  beforeAll(async () => {
    box = await createSandbox();
    http = await startHub();
    await box.run(['provision', '--count', '3', '--prefix', 'pump-', '--tag', 'site=north', '--yes']);
  });

  afterAll(async () => {
    await box.run(['hub', 'stop']);
    await box.remove();
  });

  async function startHub(): Promise<number> {
    const { stdout, stderr } = await box.run(['hub', 'start', '--detach', ...freePorts, '-o', 'json']);
    expect(stderr).toContain('the hub runs in the background');
    return (JSON.parse(stdout) as { ports: { http: number } }).ports.http;
  }

  const inBox = (name: string): string => join(box.directory, name);

  test('a fleet goes into a file without keys, and what was changed by hand comes back from it', async () => {
    const { code, stderr } = await box.run(['device', 'export', '--out', 'fleet.ndjson']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('3 identities') });
    expect((await stat(inBox('fleet.ndjson'))).mode & 0o777).toBe(0o600);
    const text = await readFile(inBox('fleet.ndjson'), 'utf8');
    expect(text).not.toContain('primaryKey');
    await box.run(['twin', 'set', 'pump-002', 'tags.site=south', '--yes']);
    const dry = await box.run(['device', 'import', 'fleet.ndjson', '--dry-run']);
    expect(dry).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing was written: 1 updated, 2 unchanged'),
    });
    const refused = await box.run(['device', 'import', 'fleet.ndjson']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    const done = await box.run(['device', 'import', 'fleet.ndjson', '--yes', '-o', 'json']);
    expect(JSON.parse(done.stdout)).toContainEqual(
      expect.objectContaining({ deviceId: 'pump-002', result: 'updated', reason: 'tags' }),
    );
  });

  test('keys go to a file or are asked for in words, and csv comes back through a pipe', async () => {
    const refused = await box.run(['device', 'export', '--include-keys']);
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('needs --out FILE') });
    const shown = await box.run(['device', 'export', 'pump-001', '--format', 'csv', '--show-secrets']);
    const [header, line] = shown.stdout.split('\n');
    expect(header).toBe('deviceId,status,key,secondaryKey,TAG:site');
    expect(line).toMatch(/^pump-001,enabled,[^,]{44},[^,]{44},north$/);
    const back = await box.run(['device', 'import', '-', '--format', 'csv', '--yes'], { input: shown.stdout });
    expect(back).toMatchObject({ code: 0, stderr: expect.stringContaining('1 unchanged') });
    const slip = await box.run(['device', 'export', 'fleet.csv']);
    expect([slip.code, slip.stderr]).toEqual([3, expect.stringContaining('iotctl device export --out fleet.csv')]);
    expect(slip.stderr).not.toContain('identities');
    const none = await box.run(['device', 'import', '/dev/null', '--yes']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('there are no devices in /dev/null')]);
    const wrong = await box.run(['device', 'import', '-', '--yes'], { input: 'rubbish\n' });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('error: line 1: the line is not JSON')]);
    const nobody = await box.run(['device', 'export', 'zzz-*', '--out', 'nobody.csv']);
    expect(nobody.code).toBe(3);
    expect((await readdir(box.directory)).filter((name) => name.includes('nobody'))).toEqual([]);
  });

  test('what is refused is told, ends with 7, and waits in a file for another try', async () => {
    const lines = ['{"id":"good"}', '{', '{"id":"leaf","deviceScope":"ms-azure-iot-edge://nowhere-1"}'];
    await writeFile(inBox('mixed.ndjson'), lines.join('\n'));
    const words = ['device', 'import', 'mixed.ndjson', '--yes', '--failed', 'refused.ndjson'];
    const { code, stderr } = await box.run(words);
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining('line 2: the line is not JSON') });
    expect(JSON.parse(await readFile(inBox('refused.ndjson'), 'utf8'))).toMatchObject({ id: 'leaf' });
  });

  test('a file that a device has uploaded is told to who follows the uploads', async () => {
    const following = box.start(['tail', 'uploads', '--count', '1', '--timeout', '20s']);
    await uploadFile('pump-001', 'notes/today.txt', 'hello');
    const { code, stdout } = await following.finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      deviceId: 'pump-001',
      blobName: 'pump-001/notes/today.txt',
      blobSizeInBytes: 5,
    });
    const { stdout: address } = await box.run(['hub', 'container', 'uploads', '-o', 'name']);
    const { pathname, search } = new URL(address.trim());
    const stored = await fetch(`http://127.0.0.1:${http}${pathname}/pump-001/notes/today.txt${search}`);
    expect(await stored.text()).toBe('hello');
  });

  test('a hub is saved while it runs, and put back when it does not', async () => {
    const saved = await box.run(['hub', 'backup', 'hub.tar.zst', '-o', 'json']);
    expect(JSON.parse(saved.stdout)).toMatchObject({ file: inBox('hub.tar.zst') });
    expect((await stat(inBox('hub.tar.zst'))).mode & 0o777).toBe(0o600);
    await box.run(['device', 'delete', 'pump-003', '--yes']);
    expect((await box.run(['hub', 'restore', 'hub.tar.zst', '--force', '--yes'])).code).toBe(5);
    await box.run(['hub', 'stop']);
    expect((await box.run(['hub', 'restore', 'hub.tar.zst'])).stderr).toContain('add --force');
    expect((await box.run(['hub', 'restore', 'hub.tar.zst', '--force'])).code).toBe(2);
    const restored = await box.run(['hub', 'restore', 'hub.tar.zst', '--force', '--yes', '-o', 'json']);
    expect(restored.code).toBe(0);
    http = await startHub();
    expect((await box.run(['device', 'show', 'pump-003'])).code).toBe(0);
  });

  async function uploadFile(deviceId: string, name: string, body: string): Promise<void> {
    const { stdout } = await box.run(['device', 'export', deviceId, '--show-secrets']);
    const { authentication } = JSON.parse(stdout) as { authentication: { symmetricKey: { primaryKey: string } } };
    const { createSasToken } = await import('../../src/protocol/sas-token.ts');
    const authorization = createSasToken({
      resource: `localhost/devices/${deviceId}`,
      key: authentication.symmetricKey.primaryKey,
      expiresAt: Math.floor(Date.now() / 1_000) + 600,
    });
    const origin = `http://127.0.0.1:${http}`;
    const post = (path: string, message: object): Promise<Response> =>
      fetch(`${origin}/devices/${deviceId}/files${path}?api-version=2021-04-12`, {
        method: 'POST',
        headers: { authorization },
        body: JSON.stringify(message),
      });
    const grant = (await (await post('', { blobName: name })).json()) as Record<string, string>;
    const url = `${origin}/${grant['containerName']}/${grant['blobName']}${grant['sasToken']}`;
    const stored = await fetch(url, { method: 'PUT', body, headers: { 'x-ms-blob-type': 'BlockBlob' } });
    expect(stored.status).toBe(201);
    const told = await post(`/notifications/${grant['correlationId']}`, { isSuccess: true, statusCode: 201 });
    expect(told.status).toBe(204);
  }
});
