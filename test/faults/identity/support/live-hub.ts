/** A whole hub on free ports in this process, in a time that a test can move, with bare peers of every protocol. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqttPacket from 'mqtt-packet';
import rhea, { type Connection, type ConnectionOptions } from 'rhea';
import { createWebSocketStream, WebSocket } from 'ws';
import { startHub, type HubInfo } from '../../../../src/hub/index.ts';
import type { HubOptions } from '../../../../src/hub/options.ts';
import { parseConnectionString } from '../../../../src/protocol/connection-string.ts';
import type { Clock } from '../../../../src/std/clock.ts';
import { connectPacket, startPeer, type Peer } from '../../../support/mqtt-front.ts';
import { realClock } from '../../../support/real-clock.ts';
import { honestToken } from './token-mutants.ts';

/** The real clock, ahead by what a test says. Timers that would have been due fire at once. */
export interface SteeredClock extends Clock {
  ahead(ms: number): void;
}

function steeredClock(): SteeredClock {
  let offset = 0;
  const pending = new Set<{ at: number; fire: () => void; cancel: () => void }>();
  const clock: SteeredClock = {
    now: () => Date.now() + offset,
    monotonic: () => performance.now() + offset,
    after(ms, fire, options) {
      const entry = { at: clock.monotonic() + ms, fire, cancel: (): void => undefined };
      const run = (): void => {
        pending.delete(entry);
        fire();
      };
      entry.cancel = realClock.after(ms, run, options);
      entry.fire = run;
      pending.add(entry);
      return () => {
        pending.delete(entry);
        entry.cancel();
      };
    },
    ahead(ms) {
      offset += ms;
      for (const entry of [...pending].toSorted((a, b) => a.at - b.at)) {
        if (entry.at > clock.monotonic() || !pending.has(entry)) continue;
        entry.cancel();
        entry.fire();
      }
    },
  };
  return clock;
}

export interface Logged {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type MqttRoute = 'mqtt' | 'mqtts' | 'mqtt-ws';

export interface LiveHub {
  readonly info: HubInfo;
  readonly clock: SteeredClock;
  readonly logged: Logged[];
  readonly ca: string;
  /** Primary keys of the identities made here. */
  readonly keys: ReadonlyMap<string, string>;
  /** Makes devices (`dev1`) and modules (`dev1/m1`). */
  make(...identities: readonly string[]): Promise<void>;
  /** A token of the identity's own key. */
  token(
    identity: string,
    options?: { readonly seconds?: number; readonly resource?: string; readonly expiry?: string },
  ): string;
  ownerToken(policy?: string): string;
  /** A request over plain HTTP, as it is written: nothing of the path is changed on the way. */
  request(method: string, path: string, options?: RequestOptions): Promise<HttpAnswer>;
  /** A connection that has sent nothing. */
  stream(route: MqttRoute | 'amqp' | 'amqps' | 'http', from?: string): Promise<Duplex>;
  /** A peer that has sent CONNECT; the answer is its next packet. */
  mqtt(identity: string, options?: MqttOptions): Promise<Peer>;
  amqp(options?: Partial<ConnectionOptions>, route?: 'amqp' | 'amqp-ws'): Connection;
  close(): Promise<void>;
}

export interface MqttOptions {
  readonly token?: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly clean?: boolean;
  readonly route?: MqttRoute;
  readonly from?: string;
  readonly will?: { readonly topic: string; readonly payload: Buffer; readonly qos: 0 | 1; readonly retain: boolean };
}

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly headers: string;
}

export async function startLiveHub(options: Partial<HubOptions> = {}): Promise<LiveHub> {
  const clock = steeredClock();
  const dataDir = await mkdtemp(join(tmpdir(), 'iotctl-identity-'));
  const logged: Logged[] = [];
  const note = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, message, fields: fields as Record<string, unknown> });
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const ports = { mqtt: 0, mqtts: 0, amqp: 0, amqps: 0, http: 0, https: 0 };
  const hub = await startHub({ dataDir, ports, clock, log, pid: process.pid, version: 'test', ...options });
  const { info } = hub;
  const ca = readFileSync(info.caFile, 'utf8');
  const keys = new Map<string, string>();
  const open = new Set<Duplex>();
  const { sharedAccessKey: ownerKey = '' } = parseConnectionString(info.connectionString);
  const inAnHour = (seconds = 3_600): string => String(Math.floor(clock.now() / 1_000) + seconds);

  const live: LiveHub = {
    info,
    clock,
    logged,
    ca,
    keys,
    async make(...identities) {
      for (const identity of identities) {
        const [deviceId = '', moduleId] = identity.split('/');
        const path = `/devices/${encodeURIComponent(deviceId)}${moduleId === undefined ? '' : `/modules/${encodeURIComponent(moduleId)}`}`;
        const body = moduleId === undefined ? { deviceId } : { deviceId, moduleId };
        const answer = await live.request('PUT', path, { token: live.ownerToken(), body });
        if (answer.status >= 300) throw new Error(`${identity}: ${answer.status} ${answer.text}`);
        const made = JSON.parse(answer.text) as { authentication: { symmetricKey: { primaryKey: string } } };
        keys.set(identity, made.authentication.symmetricKey.primaryKey);
      }
    },
    token(identity, { seconds, resource, expiry } = {}) {
      return honestToken({
        resource: resource ?? `localhost/devices/${identity.replace('/', '/modules/')}`,
        expiry: expiry ?? inAnHour(seconds),
        key: keys.get(identity) ?? '',
      });
    },
    ownerToken: (keyName = 'iothubowner') =>
      honestToken({ resource: 'localhost', expiry: inAnHour(), key: ownerKey, keyName }),
    async request(method, path, { token, body, headers = {}, from } = {}) {
      const stream = await live.stream('http', from);
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      const lines = {
        host: `localhost:${info.ports.http}`,
        connection: 'close',
        ...(token === undefined ? {} : { authorization: token }),
      };
      const given = {
        ...lines,
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
      };
      const target = path.includes('api-version')
        ? path
        : `${path}${path.includes('?') ? '&' : '?'}api-version=2021-04-12`;
      const head = Object.entries(given).map(([name, value]) => `${name}: ${value}\r\n`);
      stream.write(`${method} ${target} HTTP/1.1\r\n${head.join('')}\r\n${text}`);
      return readAnswer(stream);
    },
    async stream(route, from) {
      const stream = await openStream(live, route, from);
      open.add(stream);
      stream.on('error', () => undefined);
      stream.on('close', () => open.delete(stream));
      return stream;
    },
    async mqtt(
      identity,
      { token = live.token(identity), clientId = identity, username, clean = true, route = 'mqtt', will, from } = {},
    ) {
      const peer = startPeer(await live.stream(route, from));
      peer.write(
        mqttPacket.generate(
          connectPacket(identity, {
            clientId,
            username: username ?? `localhost/${identity}/?api-version=2021-04-12`,
            password: Buffer.from(token),
            clean,
            keepalive: 0,
            ...(will === undefined ? {} : { will }),
          }),
        ),
      );
      return peer;
    },
    amqp(more = {}, route = 'amqp') {
      const target =
        route === 'amqp'
          ? { port: info.ports.amqp ?? 0, host: '127.0.0.1' }
          : { connection_details: webSocketDetails(`ws://127.0.0.1:${info.ports.http}/$iothub/websocket`) };
      const connection = rhea
        .create_container()
        .connect({ ...target, hostname: 'localhost', reconnect: false, ...more } as ConnectionOptions);
      for (const name of [
        'disconnected',
        'connection_close',
        'connection_error',
        'error',
        'session_error',
        'session_close',
      ])
        connection.on(name, () => undefined);
      return connection;
    },
    async close() {
      for (const stream of open) stream.destroy();
      await hub.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return live;
}

function webSocketDetails(url: string): () => object {
  return () => ({
    connect(_port: number, _host: string, _options: object, connected: () => void) {
      const socket = new WebSocket(url, 'AMQPWSB10');
      const stream = createWebSocketStream(socket);
      socket.once('open', () => connected());
      return stream;
    },
  });
}

async function openStream(
  { info, ca }: LiveHub,
  route: MqttRoute | 'amqp' | 'amqps' | 'http',
  from?: string,
): Promise<Duplex> {
  if (route === 'mqtt-ws') {
    const socket = new WebSocket(`ws://127.0.0.1:${info.ports.http}/$iothub/websocket`, 'mqtt');
    const stream = createWebSocketStream(socket);
    await once(socket, 'open');
    return stream;
  }
  const port = info.ports[route] ?? 0;
  if (route === 'mqtts' || route === 'amqps') {
    const secure = connectTls({ host: 'localhost', port, ca });
    await once(secure, 'secureConnect');
    return secure;
  }
  const socket = connectSocket({
    host: '127.0.0.1',
    port,
    noDelay: true,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  await once(socket, 'connect');
  return socket;
}

async function readAnswer(stream: Duplex): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  const whole = Buffer.concat(chunks).toString('latin1');
  const end = whole.indexOf('\r\n\r\n');
  const headers = whole.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1] ?? 0);
  const body = Buffer.from(whole.slice(end + 4), 'latin1').toString('utf8');
  return { status, headers, text: /transfer-encoding: chunked/i.test(headers) ? unchunked(body) : body };
}

function unchunked(body: string): string {
  let text = '';
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, end), 16);
    if (!(size > 0)) break;
    text += body.slice(end + 2, end + 2 + size);
    at = end + 4 + size;
  }
  return text;
}
