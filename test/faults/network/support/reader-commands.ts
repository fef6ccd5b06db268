/** Those that take from a hub: readers of telemetry, over HTTP and AMQP, and back ends that send to devices. Some read nothing at all. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import rhea, { type Connection, type EventContext } from 'rhea';

export interface Readers {
  readonly port: number;
  readonly readers: number;
  /** How many more there are that read nothing. */
  readonly frozen: number;
  /** Messages that each of the others waits for. */
  readonly expected: number;
  readonly withinMs: number;
}

export interface Read {
  /** Messages of the reader that had the fewest, and of the one with the most. */
  readonly fewest: number;
  readonly most: number;
  readonly cut: number;
  /** Milliseconds from the first message of the others until the frozen ones were cut. */
  readonly cutAfterMs: number;
  readonly milliseconds: number;
}

interface Reader {
  messages: number;
  isFrozen: boolean;
  closedAt: number | undefined;
  end(): void;
}

const readers: Reader[] = [];
const lineBegin = Buffer.from('\n{"d":');

/** Opens streams of telemetry over HTTP, from now on; resolves when all have begun. */
async function openStreams({
  port,
  readers: count,
  frozen,
  authorization,
}: Pick<Readers, 'port' | 'readers' | 'frozen'> & {
  readonly authorization: string;
}): Promise<void> {
  const begun = Array.from({ length: count + frozen }, (_, index) => openStream(port, authorization, index >= count));
  await Promise.all(begun);
}

function openStream(port: number, authorization: string, isFrozen: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const reader: Reader = { messages: 0, isFrozen, closedAt: undefined, end: () => socket.destroy() };
    readers.push(reader);
    let tail = Buffer.alloc(0);
    socket.write(
      `GET /iotctl/telemetry?from=latest&follow=true HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\n\r\n`,
    );
    socket.on('data', (chunk: Buffer) => {
      const bytes = Buffer.concat([tail, chunk]);
      for (let at = bytes.indexOf(lineBegin); at >= 0; at = bytes.indexOf(lineBegin, at + lineBegin.length))
        reader.messages++;
      tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - lineBegin.length + 1)));
      if (isFrozen) socket.pause();
      resolve();
    });
    watchEnd(socket, reader, reject);
  });
}

function watchEnd(socket: Socket, reader: Reader, reject: (error: Error) => void): void {
  socket.on('error', () => undefined);
  socket.once('close', () => {
    reader.closedAt = performance.now();
    reject(new Error('the stream was closed before it began'));
  });
  // A socket that is not read does not see its end; what is written to it does.
  if (reader.isFrozen) setInterval(() => (socket.destroyed ? undefined : socket.write('\r\n')), 100).unref();
}

/** So many may read a partition for one consumer group. Source: service.md §9.8. */
const readersOfGroup = 5;

/** Opens receivers of the Event Hubs-compatible endpoint on all its partitions; resolves when all are open. */
async function openReceivers({
  port,
  readers: count,
  frozen,
  policy,
  key,
  entity,
  partitions,
  consumerGroups,
}: Pick<Readers, 'port' | 'readers' | 'frozen'> & {
  readonly policy: string;
  readonly key: string;
  readonly entity: string;
  readonly partitions: number;
  /** Filled one after the other. */
  readonly consumerGroups: readonly string[];
}): Promise<void> {
  const begun = Array.from({ length: count + frozen }, (_, index) => {
    const reader: Reader = { messages: 0, isFrozen: index >= count, closedAt: undefined, end: () => undefined };
    readers.push(reader);
    const group = consumerGroups[Math.floor(index / readersOfGroup)] ?? '$Default';
    return openReceiver({ port, policy, key, reader }, (connection) => {
      for (let partition = 0; partition < partitions; partition++)
        connection.open_receiver({
          source: {
            address: `${entity}/ConsumerGroups/${group}/Partitions/${partition}`,
            filter: rhea.filter.selector("amqp.annotation.x-opt-offset > '@latest'"),
          },
          credit_window: 1_000,
        });
    });
  });
  await Promise.all(begun);
}

function openReceiver(
  { port, policy, key, reader }: { port: number; policy: string; key: string; reader: Reader },
  attach: (connection: Connection) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const container = rhea.create_container();
    const connection = container.connect({
      port,
      host: '127.0.0.1',
      hostname: 'localhost',
      username: policy,
      password: key,
      reconnect: false,
    });
    reader.end = () => connection.close();
    const socketOf = (): Socket => (connection as unknown as { socket: Socket }).socket;
    connection.on('connection_open', () => attach(connection));
    connection.on('receiver_open', () => setTimeout(resolve, 100));
    connection.on('message', () => {
      reader.messages++;
      if (reader.isFrozen) socketOf().pause();
    });
    const over = ({ error }: EventContext): void => {
      reader.closedAt ??= performance.now();
      reject(error instanceof Error ? error : new Error('the receiver was closed'));
    };
    for (const event of ['disconnected', 'connection_error', 'connection_close', 'receiver_error'])
      connection.on(event, over);
    // As above: a heartbeat of an own, to notice the end.
    const beat = (): void => void socketOf().write(Buffer.from([0, 0, 0, 8, 2, 0, 0, 0]));
    if (reader.isFrozen) connection.once('receiver_open', () => setInterval(beat, 100).unref());
  });
}

/** Waits until the readers have what they wait for and the frozen ones are cut, then ends them all. */
async function awaitReaders({ expected, withinMs }: Pick<Readers, 'expected' | 'withinMs'>): Promise<Read> {
  const begin = performance.now();
  const awake = readers.filter(({ isFrozen }) => !isFrozen);
  const frozen = readers.filter(({ isFrozen }) => isFrozen);
  const isDone = (): boolean =>
    awake.every(({ messages }) => messages >= expected) && frozen.every(({ closedAt }) => closedAt !== undefined);
  while (!isDone() && performance.now() - begin < withinMs) await delay(10);
  const counts = awake.map(({ messages }) => messages);
  const ends = frozen.map(({ closedAt }) => (closedAt ?? Number.POSITIVE_INFINITY) - begin);
  for (const reader of readers.splice(0)) reader.end();
  return {
    fewest: Math.min(...counts),
    most: Math.max(...counts),
    cut: frozen.filter(({ closedAt }) => closedAt !== undefined).length,
    cutAfterMs: Math.round(Math.max(...ends)),
    milliseconds: Math.round(performance.now() - begin),
  };
}

/** Sends messages to a device as a back end does; answers by number which were accepted. */
function sendMessages({
  port,
  user,
  token,
  deviceId,
  count,
  bytes,
}: {
  readonly port: number;
  readonly user: string;
  readonly token: string;
  readonly deviceId: string;
  readonly count: number;
  readonly bytes: number;
}): Promise<{ readonly accepted: readonly number[]; readonly refused: Readonly<Record<string, number>> }> {
  return new Promise((resolve, reject) => {
    const container = rhea.create_container();
    const connection = container.connect({
      port,
      host: '127.0.0.1',
      hostname: 'localhost',
      username: user,
      password: token,
      reconnect: false,
    });
    const sender = connection.open_sender({ target: '/messages/devicebound' });
    const numbers = new Map<unknown, number>();
    const accepted: number[] = [];
    const refused: Record<string, number> = {};
    let sent = 0;
    const settled = (): void => {
      if (accepted.length + Object.values(refused).reduce((sum, each) => sum + each, 0) < count) return;
      connection.close();
      resolve({ accepted, refused });
    };
    sender.on('sendable', () => {
      for (; sent < count && sender.sendable(); sent++) {
        const body: unknown = rhea.message.data_section(Buffer.from(`${sent} `.padEnd(bytes, '.')));
        numbers.set(
          sender.send({ to: `/devices/${deviceId}/messages/devicebound`, message_id: `m${sent}`, body }),
          sent,
        );
      }
    });
    sender.on('accepted', ({ delivery }: EventContext) => {
      accepted.push(numbers.get(delivery) ?? -1);
      settled();
    });
    sender.on('rejected', ({ delivery }: EventContext) => {
      const state = delivery?.remote_state as { error?: { condition?: string } } | undefined;
      const condition = state?.error?.condition ?? 'unknown';
      refused[condition] = (refused[condition] ?? 0) + 1;
      settled();
    });
    for (const event of ['connection_error', 'sender_error', 'disconnected'])
      connection.on(event, (context: EventContext) =>
        reject(context.error instanceof Error ? context.error : new Error(event)),
      );
  });
}

export const readerCommands = { openStreams, openReceivers, awaitReaders, sendMessages };
