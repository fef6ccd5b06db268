/** Modules, keys, tokens and certificates from the command line, against a whole hub. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/commands/index.ts';
import { run as runProgram } from '../../src/cli/run.ts';
import { emptyRooms, fakeSystem } from '../cli/support/fake-terminal.ts';
import { connectHub } from '../../src/client/index.ts';
import { realClock } from '../support/real-clock.ts';
import { connectionTo, eventually, startTestHub, type TestHub } from './test-hub.ts';

let hub: TestHub;
let directory: string;

beforeAll(async () => {
  hub = await startTestHub();
  directory = await mkdtemp(join(tmpdir(), 'iotctl-identities-'));
});

afterAll(async () => {
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

const file = (name: string) => join(directory, name);

/** Runs `iotctl WORDS` on the hub, with the real time: certificates and tokens are checked by the hub's. */
async function iotctl(words: readonly string[], stdin = '') {
  const connection = connectionTo(hub.info, `http://127.0.0.1:${hub.info.ports.http}`);
  const system = fakeSystem({ argv: words, env: { NO_COLOR: '1' }, stdin });
  const rooms = {
    ...emptyRooms,
    resolveConnection: async () => connection,
    connectHub: async () => ({ ...hub.client, close: async () => undefined }),
  };
  await runProgram({ ...system, clock: realClock }, rooms, commandTable);
  return { stdout: system.stdout.text, stderr: system.stderr.text, code: system.exits[0] };
}

async function json<Value>(words: readonly string[], stdin = ''): Promise<Value> {
  const { stdout, stderr, code } = await iotctl([...words, '-o', 'json'], stdin);
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Value;
}

/** Telemetry with a client certificate and nothing else. */
async function sendByHttps(deviceId: string, certificate: string): Promise<number | undefined> {
  const { request } = await import('node:https');
  const [cert, key, ca] = await Promise.all(
    [file(`${certificate}.pem`), file(`${certificate}.key`), hub.info.caFile].map((path) => readFile(path, 'utf8')),
  );
  const path = `/devices/${deviceId}/messages/events?api-version=2021-04-12`;
  return eventually(
    () =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(
          { host: 'localhost', port: hub.info.ports.https ?? 0, path, method: 'POST', cert, key, ca, agent: false },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          },
        );
        sent.on('error', reject);
        sent.end('hello');
      }),
  );
}

describe('modules', () => {
  test('when modules are created, then they are listed, shown with their device, and deleted', async () => {
    await hub.provision(['m1', 'm2']);
    expect((await iotctl(['module', 'create', 'm1/cam', 'm1/meter', 'm2/cam', '--managed-by', 'me'])).code).toBe(0);
    expect((await iotctl(['module', 'list', '-o', 'name'])).stdout).toBe('m1/cam\nm1/meter\nm2/cam\n');
    expect((await iotctl(['module', 'list', 'm2', '-o', 'name'])).stdout).toBe('m2/cam\n');
    expect(await json(['device', 'show', 'm1'])).toMatchObject({ modules: ['cam', 'meter'] });
    expect(await json(['module', 'show', 'm1/cam'])).toMatchObject({ moduleId: 'cam', managedBy: 'me' });
    expect((await iotctl(['module', 'show', 'm1/cam'])).stdout).not.toMatch(/SharedAccessKey/);
    const { connectionString } = await json<{ connectionString: string }>([
      'module',
      'show',
      'm1/cam',
      '--show-secrets',
    ]);
    expect(connectionString).toMatch(/^HostName=localhost;DeviceId=m1;ModuleId=cam;SharedAccessKey=.+/);
    expect((await iotctl(['module', 'delete', 'm1/meter', '--yes'])).code).toBe(0);
    expect((await iotctl(['module', 'list', 'm1', '-o', 'name'])).stdout).toBe('m1/cam\n');
  });

  test.each([
    [['module', 'create', 'm1'], 2, 'names no module'],
    [['module', 'create', 'm1/a b'], 2, 'may hold only'],
    [['module', 'create', 'nobody/cam'], 3, 'does not exist'],
    [['module', 'create', 'm1/cam'], 5, 'exists already'],
    [['module', 'show', 'm1/none'], 3, 'module m1/none does not exist'],
    [['twin', 'show', 'm1/none'], 3, 'module m1/none does not exist'],
    [['twin', 'show', 'm1/'], 2, 'neither a device nor DEVICE/MODULE'],
    [['module', 'list', 'nobody'], 3, 'device nobody does not exist'],
    [['device', 'delete', 'm1/cam', '--yes'], 1, 'slash'],
  ])('when iotctl %j is run, then it ends with %i and says why', async (words, code, text) => {
    const result = await iotctl(words);
    expect(result.stderr).toContain(text);
    expect(result.code).toBe(code);
  });

  test('when twins are set by a glob over modules, then those modules change and no device does', async () => {
    await hub.provision(['g1', 'g2']);
    await iotctl(['module', 'create', 'g1/cam', 'g2/cam', 'g2/meter']);
    const { stdout, code } = await iotctl(['twin', 'set', 'g*/cam', 'zoom=2', 'tags.role=eye', '--yes']);
    expect([code, stdout.match(/g\d\/\w+/g)]).toEqual([0, ['g1/cam', 'g2/cam']]);
    expect(await json(['twin', 'show', 'g2/cam', '--section', 'desired'])).toEqual({ zoom: 2 });
    expect(await json(['twin', 'show', 'g2/meter', '--section', 'desired'])).toEqual({});
    expect(await json(['twin', 'show', 'g2', '--section', 'desired'])).toEqual({});
    expect((await iotctl(['twin', 'diff', 'g1/cam', 'g2/meter'])).stdout).toContain('zoom');
  });

  test('when whole twins of modules are queried, then each line names the module', async () => {
    const query = "SELECT * FROM devices.modules WHERE deviceId = 'g2'";
    expect((await iotctl(['query', query, '-o', 'name'])).stdout).toBe('g2/cam\ng2/meter\n');
    expect((await iotctl(['query', query])).stdout).toMatch(/^deviceId +moduleId +status/);
  });

  test('when a command is sent to a module that is away, then it says so of the module', async () => {
    const { stderr, code } = await iotctl(['send-command', 'g1/cam', 'snap']);
    expect([code, stderr]).toEqual([6, expect.stringContaining('module g1/cam is offline')]);
  });
});

describe('new keys', () => {
  test('when keys overlap, then the device stays connected and can connect with its old key and the new one', async () => {
    const keys = await hub.provision(['k1']);
    const old = keys.get('k1') ?? '';
    const device = await hub.connect('k1');
    await device.sendTelemetry(Buffer.from('before'));
    const [renewed] = await json<{ primaryKey: string; secondaryKey: string }[]>([
      'device',
      'renew-key',
      'k1',
      '--show-secrets',
    ]);
    expect(renewed?.secondaryKey).toBe(old);
    expect(renewed?.primaryKey).not.toBe(old);
    expect(await json(['device', 'show', 'k1'])).toMatchObject({ connectionState: 'Connected' });
    for (const key of [old, renewed?.primaryKey ?? '']) await (await hub.connect('k1', { key })).close();
  });

  test('when both keys are new, then no key that was known is taken any more', async () => {
    await hub.provision(['k2', 'k3']);
    const { stdout } = await iotctl(['device', 'renew-key', 'k2', 'k3', '--key', 'both', '--yes']);
    expect(stdout.match(/renewed/g)).toHaveLength(2);
    expect(stdout).not.toMatch(/[A-Za-z0-9+/]{43}=/);
    await expect(hub.connect('k2')).rejects.toMatchObject({ code: 'not-authorised' });
  });

  test('when nobody confirms, then keys that are in use stay as they are', async () => {
    expect((await iotctl(['device', 'renew-key', 'k1', '--key', 'primary', '--no-input'])).code).toBe(2);
  });

  test('when a module is named, then its keys are renewed and those of its device are not', async () => {
    const before = await hub.client.devices.get('g1');
    const module = await hub.client.modules.get('g1/cam');
    expect((await iotctl(['device', 'renew-key', 'g1/cam', '--yes'])).code).toBe(0);
    expect((await hub.client.modules.get('g1/cam')).authentication.symmetricKey.secondaryKey).toBe(
      module.authentication.symmetricKey.primaryKey,
    );
    expect((await hub.client.devices.get('g1')).authentication).toEqual(before.authentication);
  });

  test('when a device has no keys, then it says so and changes nothing', async () => {
    await hub.client.devices.put({ deviceId: 'k4', authentication: { type: 'certificateAuthority' } as never });
    const { stderr, code } = await iotctl(['device', 'renew-key', 'k4', '--yes']);
    expect([code, stderr]).toEqual([5, expect.stringContaining('authenticates with certificateAuthority')]);
  });
});

describe('shared access signatures', () => {
  test('when a token is made for a device, then it is decoded, verified, and refused once the keys are new', async () => {
    await hub.provision(['s1']);
    const token = (await iotctl(['sas', 'create', 's1', '--expiry', '10m'])).stdout;
    expect(await json(['sas', 'decode'], token)).toMatchObject({
      resource: 'localhost/devices/s1',
      deviceId: 's1',
      policy: null,
      expired: false,
    });
    expect((await iotctl(['sas', 'verify'], token)).code).toBe(0);
    await iotctl(['device', 'renew-key', 's1', '--key', 'both', '--yes']);
    const refused = await iotctl(['sas', 'verify'], token);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('neither key of s1 signed it')]);
  });

  test('when a token of the profile is made, then the REST API takes it', async () => {
    const token = (await iotctl(['sas', 'create'])).stdout.trim();
    const url = `http://127.0.0.1:${hub.info.ports.http}/devices/s1?api-version=2021-04-12`;
    expect((await fetch(url, { headers: { authorization: token } })).status).toBe(200);
    expect((await iotctl(['sas', 'verify'], token)).code).toBe(0);
  });

  test('when a token is broken, foreign or of a module, then each is told for what it is', async () => {
    const broken = await iotctl(['sas', 'decode'], 'SharedAccessSignature secret');
    expect([broken.code, broken.stderr.includes('secret')]).toEqual([2, false]);
    const module = (await iotctl(['sas', 'create', 'g1/cam'])).stdout;
    expect(await json(['sas', 'decode'], module)).toMatchObject({ deviceId: 'g1', moduleId: 'cam' });
    const foreign = (await iotctl(['sas', 'create'])).stdout.replace('skn=iothubowner', 'skn=other');
    expect((await iotctl(['sas', 'verify'], foreign)).stderr).toContain('policy other');
  });
});

describe('certificates', () => {
  test('when a CA is made, added and verified, then devices with its certificates are its devices', async () => {
    expect((await iotctl(['certificate', 'issue', 'factory', '--authority', '--directory', directory])).code).toBe(0);
    expect((await stat(file('factory.key'))).mode & 0o777).toBe(0o600);
    await iotctl(['certificate', 'add', 'factory', file('factory.pem')]);
    expect(await json(['certificate', 'list'])).toMatchObject([{ name: 'factory', isVerified: false }]);
    expect((await iotctl(['certificate', 'add', 'factory', file('factory.pem')])).code).toBe(0);
    await iotctl(['certificate', 'issue', 'other', '--authority', '--directory', directory]);
    const other = await iotctl(['certificate', 'add', 'factory', file('other.pem')]);
    expect([other.code, other.stderr]).toEqual([5, expect.stringContaining('--replace')]);
    const verify = ['certificate', 'verify', 'factory', '--ca', file('factory.pem'), '--ca-key', file('factory.key')];
    expect(await json(verify)).toMatchObject({ isVerified: true });
    const signer = ['--ca', file('factory.pem'), '--ca-key', file('factory.key'), '--directory', directory];
    expect(await json(['certificate', 'issue', 'c1', ...signer])).toMatchObject({ kind: 'signed' });
    expect((await readFile(file('c1.pem'), 'utf8')).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    await hub.client.devices.put({ deviceId: 'c1', authentication: { type: 'certificateAuthority' } as never });
    expect(await sendByHttps('c1', 'c1')).toBe(204);
    expect(await sendByHttps('c1', 'factory')).toBe(401);
    expect((await iotctl(['certificate', 'delete', 'factory', '--yes'])).code).toBe(0);
    expect(await sendByHttps('c1', 'c1')).toBe(401);
  });

  test('when the CA is elsewhere, then the code is printed and its signature is the proof', async () => {
    await iotctl(['certificate', 'add', 'remote', file('factory.pem')]);
    const { verificationCode } = await json<{ verificationCode: string }>(['certificate', 'verify', 'remote']);
    const signer = ['--ca', file('factory.pem'), '--ca-key', file('factory.key'), '--directory', directory];
    await iotctl(['certificate', 'issue', verificationCode, ...signer]);
    const proof = ['certificate', 'verify', 'remote', '--proof', file(`${verificationCode}.pem`)];
    expect(await json(proof)).toMatchObject({ isVerified: true });
  });

  test.each([
    [['certificate', 'issue', 'factory', '--authority', '--directory', '.'], 5, 'is there already'],
    [['certificate', 'issue', 'x', '--ca', 'factory.pem'], 2, '--ca-key together'],
    [['certificate', 'issue', 'x', '--ca', 'c1.pem', '--ca-key', 'c1.key'], 2, 'is not the certificate of a CA'],
    [['certificate', 'issue', 'x', '--ca', 'factory.pem', '--ca-key', 'c1.key'], 2, 'is not the key of'],
    [['certificate', 'add', 'x', 'factory.key'], 2, 'is not a certificate in PEM'],
    [['certificate', 'add', 'x', 'none.pem'], 3, 'none.pem'],
    [['certificate', 'delete', 'none', '--yes'], 3, 'iotctl certificate list'],
    [['certificate', 'verify', 'none'], 3, 'iotctl certificate list'],
    [
      ['sas', 'decode', 'SharedAccessSignature sr=x&sig=y&se=1'],
      2,
      'error: a token is not taken from the command line',
    ],
  ])('when iotctl %j is run, then it ends with %i and says why', async (words, code, text) => {
    const result = await iotctl(words.map((word) => (/\.(pem|key)$|^\.$/.test(word) ? file(word) : word)));
    expect(result.stderr).toContain(text);
    expect(result.code).toBe(code);
  });
});

describe('hubs that take no CA certificates from us', () => {
  test('when the profile is of a cloud hub, then nothing is asked of it, and the failure says what does it there', async () => {
    const cloud = { ...connectionTo(hub.info, 'http://127.0.0.1:1'), kind: 'cloud' as const };
    const client = connectHub(cloud, { clock: realClock, random: () => 0 });
    await expect(client.certificates.list()).rejects.toMatchObject({
      code: 'unsupported',
      hint: expect.stringContaining('az iot hub certificate'),
    });
    await client.close();
  });

  test('when the hub imitates the cloud, then it has nothing at that address, and the failure is the same', async () => {
    const imitating = await startTestHub({ imitation: { tier: 'S1', units: 1, lagMs: 0 } });
    await expect(imitating.client.certificates.list()).rejects.toMatchObject({ code: 'unsupported' });
    await imitating.close();
  });
});

/** Connects over MQTT and TLS with a certificate alone; the reason when it is refused. */
async function connectByCertificate(identity: string, certificate: string): Promise<string> {
  const { connectAsync } = await import('mqtt');
  const [cert, key, ca] = await Promise.all(
    [file(`${certificate}.pem`), file(`${certificate}.key`), hub.info.caFile].map((path) => readFile(path)),
  );
  try {
    const client = await connectAsync(`mqtts://localhost:${hub.info.ports.mqtts}`, {
      cert: cert?.toString() ?? '',
      key: key?.toString() ?? '',
      ca: ca?.toString() ?? '',
      clientId: identity,
      username: `localhost/${identity}/?api-version=2021-04-12`,
      reconnectPeriod: 0,
    });
    await client.endAsync();
    return 'let in';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('modules with certificates', () => {
  test('when the certificate is made out to the module, then the module is let in, and nobody else', async () => {
    await iotctl(['certificate', 'issue', 'modules', '--authority', '--directory', directory]);
    await iotctl(['certificate', 'add', 'modules', file('modules.pem'), '--verified']);
    const signer = ['--ca', file('modules.pem'), '--ca-key', file('modules.key'), '--directory', directory];
    await iotctl(['certificate', 'issue', 'y1/cam', ...signer]);
    await iotctl(['certificate', 'issue', 'y1', ...signer]);
    const authentication = { type: 'certificateAuthority' } as never;
    await hub.client.devices.put({ deviceId: 'y1', authentication });
    await hub.client.modules.put({ deviceId: 'y1', moduleId: 'cam', authentication });
    expect(await connectByCertificate('y1/cam', 'y1_cam')).toBe('let in');
    expect(await connectByCertificate('y1', 'y1')).toBe('let in');
    expect(await connectByCertificate('y1/cam', 'y1')).toContain('Not authorized');
    expect(await connectByCertificate('y1', 'y1_cam')).toContain('Not authorized');
  });
});

describe('devices with certificates', () => {
  test('when they are provisioned by flags, then they have no keys, and a second run changes nothing', async () => {
    const thumbprint = 'ab'.repeat(32);
    expect((await iotctl(['provision', 'x1', '--thumbprint', thumbprint])).stdout).toContain('created');
    expect((await iotctl(['provision', 'x2', 'x3', '--ca-signed'])).code).toBe(0);
    expect((await hub.client.devices.get('x1')).authentication).toMatchObject({
      type: 'selfSigned',
      x509Thumbprint: { primaryThumbprint: thumbprint },
      symmetricKey: { primaryKey: null },
    });
    expect((await hub.client.devices.get('x3')).authentication.type).toBe('certificateAuthority');
    expect((await iotctl(['provision', 'x1', '--thumbprint', thumbprint.toUpperCase()])).stdout).toContain('unchanged');
    const [shown] = await json<{ connectionString: string }[]>(['provision', 'x2', '--ca-signed', '--show-secrets']);
    expect(shown?.connectionString).toMatch(/;DeviceId=x2;x509=true$/);
  });

  test('when a file names them, then each line is what it says, and a wrong one is told by its number', async () => {
    const rows = [
      'deviceId,authentication,thumbprint,secondaryThumbprint,key',
      `f1,,${'11'.repeat(20)},${'22'.repeat(20)},`,
      'f2,certificateAuthority,,,',
      `f3,sas,,,${Buffer.alloc(32, 1).toString('base64')}`,
      'f4,selfSigned,,,',
      `f5,certificateAuthority,${'11'.repeat(20)},,`,
      'f6,,12:34,,',
      `f7,certificateAuthority,,,${Buffer.alloc(32, 1).toString('base64')}`,
    ].join('\n');
    const { stdout, code } = await iotctl(['provision', '--from', '-', '-o', 'json'], rows);
    expect(code).toBe(7);
    const results = JSON.parse(stdout) as { deviceId: string; result: string }[];
    expect(results.map(({ deviceId, result }) => `${deviceId} ${result}`).toSorted()).toEqual([
      'f1 created',
      'f2 created',
      'f3 created',
      'f4 failed',
      'f5 failed',
      'f6 failed',
      'f7 failed',
    ]);
    expect((await hub.client.devices.get('f1')).authentication.x509Thumbprint).toEqual({
      primaryThumbprint: '11'.repeat(20),
      secondaryThumbprint: '22'.repeat(20),
    });
  });
});
