/**
 * iotctl's own hub in the place of one in the cloud: started with `--imitate`, reached by a profile of kind `cloud`, with every request
 * of its service API on record.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connectDevice, parseEndpoint, type DeviceConnection } from '../../../src/device/index.ts';
import type { HubInfo } from '../../../src/hub/index.ts';
import { parseConnectionString } from '../../../src/protocol/connection-string.ts';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { realClock } from '../../support/real-clock.ts';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface CloudBox {
  readonly sandbox: Sandbox;
  readonly info: HubInfo;
  /** Where the service API is recorded. */
  readonly serviceUrl: string;
  readonly seen: readonly SeenRequest[];
  /** From now on such a value of `Authorization` counts as the hub's owner: the hub itself cannot check tokens of Entra ID. */
  trust(authorization: string): void;
  /** The file with the connection string of the hub's owner. */
  readonly connectionStringFile: string;
  /** Runs `iotctl WORDS` on the selected profile, which is of kind cloud. */
  readonly run: Sandbox['run'];
  /** Connects a device that was provisioned by the program. */
  connect(deviceId: string): Promise<DeviceConnection>;
  close(): Promise<void>;
}

const freePorts = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https'].flatMap((name) => [`--${name}-port`, '0']);

/** Starts the hub and selects the profile `cloud` for it. `profileWords` go to `profile add`, `hubWords` to `hub start`. */
export async function openCloudBox(
  imitate: string,
  profileWords: readonly string[] = [],
  hubWords: readonly string[] = [],
): Promise<CloudBox> {
  const sandbox = await createSandbox();
  const readyFile = join(sandbox.directory, 'ready.json');
  const words = [
    'hub',
    'start',
    ...freePorts,
    '--ephemeral',
    '--imitate',
    imitate,
    '--ready-file',
    readyFile,
    ...hubWords,
  ];
  const hub = sandbox.start(words);
  await hub.says('ready');
  const info = JSON.parse(await readFile(readyFile, 'utf8')) as HubInfo;
  const seen: SeenRequest[] = [];
  const trusted = new Set<string>();
  const recorder = await record(info, seen, trusted);
  const serviceUrl = `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`;
  const connectionStringFile = join(sandbox.directory, 'connection.txt');
  await writeFile(connectionStringFile, `${info.connectionString}\n`, { mode: 0o600 });
  const address = [
    '--service-url',
    serviceUrl,
    '--amqp-url',
    `amqp://127.0.0.1:${info.ports.amqp}`,
    '--device-url',
    `mqtt://127.0.0.1:${info.ports.mqtt}`,
  ];
  const added = await sandbox.run([
    'profile',
    'add',
    'cloud',
    '--use',
    '--kind',
    'cloud',
    '--connection-string-file',
    connectionStringFile,
    ...address,
    ...profileWords,
  ]);
  if (added.code !== 0) throw new Error(added.stderr);
  const open: DeviceConnection[] = [];
  return {
    sandbox,
    info,
    serviceUrl,
    seen,
    trust: (authorization) => void trusted.add(authorization),
    connectionStringFile,
    run: (line, options) => sandbox.run(line, options),
    async connect(deviceId) {
      const shown = await sandbox.run([
        'device',
        'show',
        deviceId,
        '--show-secrets',
        '--query',
        'connectionString',
        '-o',
        'json',
      ]);
      const { sharedAccessKey = '' } = parseConnectionString(JSON.parse(shown.stdout) as string);
      const device = await connectDevice({
        credentials: { hostName: info.hostName, deviceId, sharedAccessKey },
        endpoint: parseEndpoint(`mqtt://127.0.0.1:${info.ports.mqtt}`),
        clock: realClock,
        random: () => 0,
        firstConnectMs: 5_000,
      });
      open.push(device);
      return device;
    },
    async close() {
      for (const device of open) await device.close();
      recorder.closeAllConnections();
      recorder.close();
      hub.child.kill('SIGTERM');
      await hub.finished;
      await sandbox.remove();
    },
  };
}

/** A token of the hub's owner, for an hour. */
export function ownerToken(info: HubInfo): string {
  const { hostName, sharedAccessKeyName = '', sharedAccessKey = '' } = parseConnectionString(info.connectionString);
  const expiresAt = Math.floor(realClock.now() / 1_000) + 3_600;
  return createSasToken({ resource: hostName, key: sharedAccessKey, keyName: sharedAccessKeyName, expiresAt });
}

/** Passes every request on to the hub, and notes it. */
async function record(info: HubInfo, seen: SeenRequest[], trusted: ReadonlySet<string>): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const isTrusted = trusted.has(headers.authorization ?? '');
    seen.push({ method, path: url.split('?', 1)[0] ?? '', authorization: headers.authorization });
    const passed = { ...headers, ...(isTrusted && { authorization: ownerToken(info) }) };
    const target = { host: '127.0.0.1', port: info.ports.http, method, path: url, headers: passed };
    const onward = forward(target, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
