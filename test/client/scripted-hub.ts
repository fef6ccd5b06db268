import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KeyConnection } from '../../src/config/profile.ts';
import type { Clock } from '../../src/std/clock.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Step = (request: SeenRequest, response: ServerResponse) => void;

/** A server on loopback that answers each request with the next step; the last step answers all further ones. */
export async function scriptedHub(...steps: Step[]): Promise<ScriptedHub> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '/', headers } = incoming;
      const request = {
        method,
        url: new URL(url, 'http://localhost'),
        headers,
        body: Buffer.concat(chunks).toString(),
      };
      const step = steps[Math.min(requests.length, steps.length - 1)];
      requests.push(request);
      step?.(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new ScriptedHub(server, requests);
}

export class ScriptedHub implements AsyncDisposable {
  readonly server: Server;
  readonly requests: SeenRequest[];

  constructor(server: Server, requests: SeenRequest[]) {
    this.server = server;
    this.requests = requests;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connection(): KeyConnection {
    return { ...testConnection, serviceUrl: `http://127.0.0.1:${this.port}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const testKey = Buffer.from('a key that must never be shown').toString('base64');

export const testConnection: KeyConnection = {
  name: 'test',
  kind: 'local',
  auth: 'key',
  hostName: 'test-hub',
  sharedAccessKeyName: 'iothubowner',
  sharedAccessKey: testKey,
  source: 'profile',
};

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Step {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(value));
  };
}

/** An error as iotctl's hub and most of the cloud's endpoints answer it. */
export function refusal(status: number, symbol: string, text: string, headers: Record<string, string> = {}): Step {
  const body = {
    Message: `ErrorCode:${symbol};${text}`,
    ExceptionMessage: 'Tracking ID:abc123-G:0-TimeStamp:11/21/2026',
  };
  return json(status, body, { 'iothub-errorcode': symbol, ...headers });
}

/** The request arrives, but its answer never does. */
export const loseReply: Step = (_, response) => {
  response.socket?.destroy();
};

export interface QuickClock extends Clock {
  /** The waits asked for, in milliseconds. */
  readonly waits: number[];
  /** Lets the guards of requests in flight run out. */
  expire(): void;
}

const guards: ReadonlySet<number> = new Set([15_000, 30_000, 45_000, 90_000]);

/** A clock whose waits are over at once, but are counted; the guards of requests stand until `expire`. */
export function quickClock(start = Date.UTC(2026, 10, 21, 12)): QuickClock {
  const waits: number[] = [];
  const guarding = new Set<() => void>();
  let elapsed = 0;
  return {
    waits,
    now: () => start + elapsed,
    monotonic: () => elapsed,
    after(ms, fire) {
      if (guards.has(ms)) {
        guarding.add(fire);
        return () => guarding.delete(fire);
      }
      waits.push(ms);
      elapsed += ms;
      const immediate = setImmediate(fire);
      return () => clearImmediate(immediate);
    },
    expire() {
      for (const fire of guarding) fire();
    },
  };
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
