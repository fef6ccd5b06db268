import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MqttIdentity } from '../../load/mqtt-connect.ts';
import { freePort, outputOf, startServer, type Peer } from './server.ts';
import { keepFor } from './keeper.ts';

export interface MosquittoOptions {
  /** With a file and a subscriber that is away, so that it has to keep what it acknowledges; otherwise it keeps nothing. */
  readonly persistence?: boolean;
  /** Accounts with passwords, which it keeps hashed (PBKDF2, SHA-512, 101 rounds); otherwise everybody may. */
  readonly accounts?: readonly MqttIdentity[];
  /** A listener with TLS beside the plain one. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/**
 * Starts mosquitto on free loopback ports with its in-flight limits lifted; undefined when it is not installed.
 * `set_tcp_nodelay` stays off: it halves what mosquitto acknowledges here, and a peer is shown at its best.
 */
export async function startMosquitto(directory: string, options: MosquittoOptions = {}): Promise<Peer | undefined> {
  const help = outputOf('mosquitto', ['-h']);
  if (help === undefined) return undefined;
  const port = await freePort();
  const tlsPort = options.tls === undefined ? undefined : await freePort();
  const configuration = join(directory, 'mosquitto.conf');
  const accounts =
    options.accounts === undefined
      ? ['allow_anonymous true']
      : ['allow_anonymous false', `password_file ${await writePasswords(directory, options.accounts)}`];
  const settings = [
    // As root it would become another user, who may not read what is here.
    'user root',
    ...accounts,
    ...(options.persistence === true
      ? ['persistence true', `persistence_location ${directory}/`]
      : ['persistence false']),
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'log_type error',
    `listener ${port} 127.0.0.1`,
    ...(options.tls === undefined
      ? []
      : [`listener ${tlsPort} 127.0.0.1`, `certfile ${options.tls.certificate}`, `keyfile ${options.tls.key}`]),
  ];
  await writeFile(configuration, `${settings.join('\n')}\n`);
  const server = await startServer('mosquitto', ['-c', configuration], port);
  const name = `mosquitto ${/mosquitto version (\S+)/.exec(help)?.[1] ?? 'unknown'}`;
  const peer = { ...server, port, ...(tlsPort === undefined ? {} : { tlsPort }) };
  if (options.persistence !== true) return { ...peer, name, promised: 'nothing kept' };
  await keepFor(port, 'devices/#');
  return { ...peer, name: `${name}, persistence`, promised: 'in memory, written every 30 min' };
}

/** The file of names and hashes; passwords reach `mosquitto_passwd` in that file, never as an argument. */
async function writePasswords(directory: string, accounts: readonly MqttIdentity[]): Promise<string> {
  const file = join(directory, 'mosquitto.passwd');
  await writeFile(file, accounts.map(({ username, password }) => `${username}:${password}\n`).join(''), {
    mode: 0o600,
  });
  if (outputOf('mosquitto_passwd', ['-U', file]) === undefined) throw new Error('mosquitto_passwd is not installed');
  return file;
}
