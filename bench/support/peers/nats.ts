import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keepFor } from './keeper.ts';
import { freePort, outputOf, startServer, type Peer } from './server.ts';

/** Starts nats-server with JetStream and its MQTT listener, and a subscriber that is away; undefined when it is not installed. */
export async function startNats(directory: string): Promise<Peer | undefined> {
  const version = outputOf('nats-server', ['--version']);
  if (version === undefined) return undefined;
  const [port, own] = [await freePort(), await freePort()];
  const configuration = join(directory, 'nats.conf');
  const settings = [
    'server_name: bench',
    `listen: 127.0.0.1:${own}`,
    `jetstream { store_dir: ${JSON.stringify(join(directory, 'jetstream'))} }`,
    `mqtt { host: 127.0.0.1, port: ${port} }`,
  ];
  await writeFile(configuration, `${settings.join('\n')}\n`);
  const server = await startServer('nats-server', ['-c', configuration], port);
  await keepFor(port, 'devices/#');
  return {
    ...server,
    port,
    name: `NATS JetStream ${/v(\d\S*)/.exec(version)?.[1] ?? 'unknown'}`,
    promised: 'in a file, synced every 2 min',
  };
}
