/** The limits of the cloud, as a person meets them. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCloudBox, ownerToken, type CloudBox } from './cloud-box.ts';

describe('a hub of tier S1', { timeout: 60_000 }, () => {
  let box: CloudBox;
  beforeAll(async () => {
    box = await openCloudBox('tier=S1', ['--tier', 'S3']);
  }, 60_000);
  afterAll(async () => box.close());

  test('when the hub refuses for load, then the program says how long it waits, and goes on', async () => {
    const stop = await keepQueriesExhausted(box);
    const running = box.sandbox.start(['query', 'SELECT * FROM devices']);
    await running.says('throttled by the hub; going on in ');
    await stop();
    expect(await running.finished).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/going on in \d+s/) as string,
    });
  });

  test('when the profile names no size, then bulk work keeps to S1 and says so; Ctrl-C ends it', async () => {
    const words = [
      'profile',
      'add',
      'unsized',
      '--kind',
      'cloud',
      '--connection-string-file',
      box.connectionStringFile,
    ];
    expect((await box.run([...words, '--service-url', box.serviceUrl])).code).toBe(0);
    const running = box.sandbox.start(['provision', '--count', '150', '--prefix', 'pump-', '--profile', 'unsized']);
    await running.says('keeping to the rate of one S1 unit, because the profile names no --tier');
    running.child.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).not.toContain('throttled by the hub');
  });
});

/** Sends queries faster than any client would, so that the hub has room for no other; resolves when it first refuses one. */
async function keepQueriesExhausted({ info }: CloudBox): Promise<() => Promise<unknown>> {
  const token = ownerToken(info);
  const ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: token, 'Content-Type': 'application/json' };
      const path = '/devices/query?api-version=2021-04-12';
      const sent = request({ host: '127.0.0.1', port: info.ports.http, path, method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      sent.once('error', reject);
      sent.end(JSON.stringify({ query: 'SELECT * FROM devices' }));
    });
  const refused = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const askOn = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      if ((await ask()) !== 429) continue;
      refused.resolve();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const askers = Array.from({ length: 25 }, askOn);
  await Promise.race([refused.promise, ...askers]);
  return () => {
    stopping.abort();
    return Promise.all(askers);
  };
}
