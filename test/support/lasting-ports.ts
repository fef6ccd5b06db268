/**
 * Free ports for servers that are stopped and started again on the same ones. A port of the system's choice (0) is anybody's as soon
 * as its server is down: the next test that asks for one may be given it. These lie below the ports that the system hands out.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Above the ports that services are known by. */
const lowest = 10_240;
/** Below net.ipv4.ip_local_port_range of Linux; those of macOS and Windows begin at 49,152. */
const end = 32_768;

/** Resolves with that many different free ports of 127.0.0.1. */
async function lastingPorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(lowest, end);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

/** A free port of 127.0.0.1 that nobody else is given meanwhile. */
export async function lastingPort(): Promise<number> {
  const [port = 0] = await lastingPorts(1);
  return port;
}

/** A free port for each listener of a hub. */
export async function lastingHubPorts(): Promise<
  Record<'mqtt' | 'mqtts' | 'amqp' | 'amqps' | 'http' | 'https', number>
> {
  const [mqtt = 0, mqtts = 0, amqp = 0, amqps = 0, http = 0, https = 0] = await lastingPorts(6);
  return { mqtt, mqtts, amqp, amqps, http, https };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
