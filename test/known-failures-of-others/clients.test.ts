import { once } from 'node:events';
import { createServer as createHttp, type Server } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect } from 'vitest';
import { connectHub } from '../../src/client/index.ts';
import type { KeyConnection } from '../../src/config/profile.ts';
import { connectDevice, parseEndpoint } from '../../src/device/index.ts';
import { createSandbox } from '../e2e/harness/sandbox.ts';
import { openTerminal } from '../e2e/harness/terminal.ts';
import { realClock } from '../support/real-clock.ts';
import { foreignControls } from '../support/terminal-model.ts';
import { known } from './known.ts';

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

/** A server that lets anybody in and then answers every packet with these bytes. */
async function hostileBroker(answer: Uint8Array): Promise<{ readonly port: number; readonly asked: Promise<void> }> {
  const asked = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.once('data', () => {
      socket.write(Buffer.from([0x20, 2, 0, 0]));
      socket.on('data', () => {
        socket.write(answer);
        asked.resolve();
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => (server.close(), sockets.forEach((socket) => socket.destroy())) });
  return { port: (server.address() as AddressInfo).port, asked: asked.promise };
}

async function deviceAt(port: number): ReturnType<typeof connectDevice> {
  const device = await connectDevice({
    credentials: { hostName: 'localhost', deviceId: 'd', sharedAccessKey: Buffer.alloc(32).toString('base64') },
    endpoint: parseEndpoint(`mqtt://127.0.0.1:${port}`),
    clock: realClock,
    random: () => 0,
    limits: { backoff: { firstMs: 20, maximumMs: 50 }, connectTimeoutMs: 1_000, answerTimeoutMs: 1_000 },
    firstConnectMs: 2_000,
  });
  open.push(device);
  return device;
}

async function serve(
  handle: Parameters<typeof createHttp>[1],
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createHttp(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

known('CVE-2024-10525', async () => {
  const { port, asked } = await hostileBroker(Buffer.from([0x90, 2, 0, 1]));
  const device = await deviceAt(port);
  device.onMethod(() => ({ status: 200, payload: null }));
  const sent = device.sendTelemetry({ n: 1 }).then(
    () => 'sent',
    () => 'refused',
  );
  await asked;
  expect(['sent', 'refused']).toContain(await Promise.race([sent, device.close().then(() => sent)]));
});

known('CVE-2021-41036', async () => {
  const claim = Buffer.concat([Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(100_000)]);
  const { port, asked } = await hostileBroker(claim);
  const before = process.memoryUsage().rss;
  const device = await deviceAt(port);
  const sent = device.sendTelemetry({ n: 1 }).then(
    () => 'sent',
    () => 'refused',
  );
  await asked;
  // A length that is claimed is not memory that is taken.
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  await device.close();
  expect(['sent', 'refused']).toContain(await sent);
});

known('CVE-2022-27774', async () => {
  const [asked, heard]: [string[], string[]] = [[], []];
  const other = await serve((request, response) => {
    heard.push(`${request.url} ${request.headers.authorization ?? ''}`);
    response.end('{}');
  });
  const first = await serve((request, response) => {
    asked.push(request.headers.authorization ?? '');
    response.writeHead(307, { location: `${other.url}/devices/x` }).end();
  });
  const connection: KeyConnection = {
    name: 'test',
    kind: 'local',
    auth: 'key',
    hostName: 'localhost',
    sharedAccessKeyName: 'service',
    sharedAccessKey: Buffer.alloc(32).toString('base64'),
    serviceUrl: first.url,
    source: 'profile',
  };
  const hub = connectHub(connection, { clock: realClock, random: () => 0 });
  await expect(hub.devices.get('x')).rejects.toMatchObject({ name: 'Failure' });
  await hub.close();
  // Credentials did go to the one that they are for.
  expect(asked).toEqual([expect.stringMatching(/^SharedAccessSignature /)]);
  expect(heard).toEqual([]);
});

known('CVE-2024-52005', async () => {
  const evil = 'mark\u001b]0;title\u0007\u001b[2J\u009b31m\rsafe\b\b';
  const { url } = await serve((_request, response) =>
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end(JSON.stringify({ Message: `ErrorCode:${evil};${evil}`, ExceptionMessage: evil })),
  );
  const box = await createSandbox();
  try {
    const IOTCTL_CONNECTION_STRING =
      'HostName=localhost;SharedAccessKeyName=a;SharedAccessKey=YWFhYWFhYWFhYWFhYWFhYQ==';
    const file = await box.shell(
      `echo '${IOTCTL_CONNECTION_STRING}' > key; iotctl profile add evil --connection-string-file key --service-url ${url}`,
    );
    expect(file.code).toBe(0);
    const terminal = openTerminal(box, ['device', 'show', 'x'], { columns: 200 });
    expect(await terminal.finished).not.toBe(0);
    expect(terminal.screen()).toContain('mark');
    expect(foreignControls(terminal.screen())).toBe('');
  } finally {
    await box.remove();
  }
});
