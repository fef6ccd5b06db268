import { expect, test } from 'vitest';
import { refusal, scriptedHub } from '../../client/scripted-hub.ts';
import { withSession } from '../support/registry-rooms.ts';

const key = Buffer.from('a key that nobody may see').toString('base64');

test('when no hub is chosen, then the verdicts are rows and the exit code is 1', () =>
  withSession(async ({ run }) => {
    const { code, stdout, stderr } = await run(['doctor']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^CHECK +VERDICT +DETAIL +REMEDY\nnode +ok /);
    expect(stdout).toMatch(/hub +failed +no hub is chosen +iotctl hub start/);
    expect(stderr).toContain('1 of 10 checks failed: hub');
  }));

test('when it is a terminal, then what is wrong is told in full under the table', () =>
  withSession(async ({ run }) => {
    const { stdout, stderr } = await run(['doctor'], { isTTY: true, columns: 60 });
    expect(stdout).toMatch(/│ DETAIL +│\n/);
    expect(stderr).toContain('hub: no hub is chosen\n  remedy: iotctl hub start, or iotctl profile add NAME\n');
  }));

test('when the hub refuses the key, then exit 4, and JSON has a verdict and a remedy for each', () =>
  withSession(async ({ run, store }) => {
    await using hub = await scriptedHub((request, response) => {
      refusal(401, 'IotHubUnauthorizedAccess', 'no', { date: 'Thu, 01 Jan 2026 00:00:10 GMT' })(request, response);
    });
    const serviceUrl = `http://127.0.0.1:${hub.port}`;
    await store.save(
      { name: 'plant', kind: 'local', auth: 'key', hostName: 'localhost', sharedAccessKeyName: 'service', serviceUrl },
      key,
    );
    await store.select('plant');
    const { code, stdout } = await run(['doctor', '-o', 'json']);
    expect(code).toBe(4);
    const checks = JSON.parse(stdout) as { name: string; verdict: string; remedy: string | null }[];
    expect(Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]))).toMatchObject({
      reachability: 'ok',
      tls: 'ok',
      clock: 'ok',
      credentials: 'failed',
    });
    expect(checks.find(({ name }) => name === 'credentials')?.remedy).toContain('iotctl profile add plant --replace');
    expect(stdout).not.toContain(key);
  }));

test('when nothing listens, then exit 9', () =>
  withSession(async ({ run, store }) => {
    await store.save(
      {
        name: 'plant',
        kind: 'local',
        auth: 'key',
        hostName: 'localhost',
        sharedAccessKeyName: 'service',
        serviceUrl: 'http://127.0.0.1:1',
      },
      key,
    );
    await store.select('plant');
    expect(await run(['doctor', '--query', "[?name=='reachability'].verdict | [0]"])).toMatchObject({
      code: 9,
      stdout: 'failed\n',
    });
  }));
