/** Who may hold a connection to the hub. Everything is decided before a byte of the peer is read, so that a refusal costs next to nothing. */
import type { Socket } from 'node:net';
import type { Clock } from '../std/clock.ts';
import type { HubLimits } from './limits/index.ts';
import type { HubLog } from './log.ts';

/** Why a connection was not taken, or a stranger had to leave. */
export type DoorReason = 'full' | 'strangers' | 'address' | 'handshakes';

/** What a port says about its connections. */
export interface DoorPort {
  readonly secure: boolean;
  /** Only such ports get the connections that are kept for operators. */
  readonly forOperators: boolean;
}

export interface Door {
  /** Takes the connection, or resets it and answers false. */
  admit(socket: Socket, port: DoorPort): boolean;
  /** The TLS handshake of a connection is over; `stream` is what carries its bytes from now on. */
  secured(stream: Socket): void;
  /** `stream` carries the bytes of `carrier` from now on, as a WebSocket does. */
  carries(stream: object, carrier: object): void;
  /** The peer of this stream has shown who it is. */
  known(stream: object): void;
  /** True as long as the peer of this stream has not shown who it is. */
  isStranger(stream: object): boolean;
  /** True when only what is kept for operators is left. */
  readonly crowded: boolean;
  readonly figures: DoorFigures;
}

/** What the door has seen, since the start where nothing else is said. */
export interface DoorFigures {
  /** Now. */
  readonly open: number;
  /** Now: those that have not shown who they are. */
  readonly strangers: number;
  /** Connections that were not taken. */
  readonly refused: Readonly<Record<DoorReason, number>>;
  /** Strangers that made room for others. */
  readonly evicted: Readonly<Record<DoorReason, number>>;
}

export interface DoorParts {
  readonly limits: HubLimits['connections'];
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly log: HubLog;
}

/** A connection whose peer has not shown yet who it is. */
interface Stranger {
  readonly socket: Socket;
  readonly since: number;
  readonly address: string;
  /** Names it while its handshake runs: the stream that comes out of it is another object. */
  readonly key: string | undefined;
}

/** Trouble at the door is told no more often than this. */
const tellEveryMs = 10_000;

export function createDoor({ limits, clock, log }: DoorParts): Door {
  const strangers = new Set<Stranger>();
  const byAddress = new Map<string, Set<Stranger>>();
  const handshaking = new Map<string, Stranger>();
  const byStream = new WeakMap<object, Stranger>();
  const bySocket = new WeakMap<Socket, Stranger>();
  const refused = noneYet();
  const evicted = noneYet();
  const tell = createTeller({ clock, log, refused, evicted });
  let open = 0;

  function forget(stranger: Stranger): void {
    if (!strangers.delete(stranger)) return;
    bySocket.delete(stranger.socket);
    if (stranger.key !== undefined) handshaking.delete(stranger.key);
    const neighbours = byAddress.get(stranger.address);
    neighbours?.delete(stranger);
    if (neighbours?.size === 0) byAddress.delete(stranger.address);
  }

  /** Makes room where `held` is full: the oldest leaves if it is past its grace. False when there is no room to be had. */
  function makeRoom(held: Iterable<Stranger> & { readonly size: number }, most: number, reason: DoorReason): boolean {
    if (held.size < most) return true;
    const [oldest] = held;
    if (oldest === undefined || clock.monotonic() - oldest.since < limits.strangerGraceMs) return false;
    forget(oldest);
    oldest.socket.destroy();
    evicted[reason]++;
    tell();
    return true;
  }

  function obstacle(address: string, { secure, forOperators }: DoorPort): DoorReason | undefined {
    if (open >= (forOperators ? limits.total : limits.total - limits.operators)) return 'full';
    const neighbours = byAddress.get(address);
    if (neighbours !== undefined && !makeRoom(neighbours, limits.strangersPerAddress, 'address')) return 'address';
    if (!makeRoom(strangers, limits.strangers, 'strangers')) return 'strangers';
    const shaking = { size: handshaking.size, [Symbol.iterator]: () => handshaking.values() };
    return !secure || makeRoom(shaking, limits.handshakes, 'handshakes') ? undefined : 'handshakes';
  }

  function takeIn(socket: Socket, address: string, secure: boolean): void {
    open++;
    const stranger = { socket, since: clock.monotonic(), address, key: secure ? keyOf(socket) : undefined };
    strangers.add(stranger);
    byAddress.set(address, (byAddress.get(address) ?? new Set()).add(stranger));
    if (stranger.key === undefined) byStream.set(socket, stranger);
    else handshaking.set(stranger.key, stranger);
    bySocket.set(socket, stranger);
    socket.on('close', onClose);
  }

  /** One function for all sockets, and nothing to remember of those that are known: there are thousands of them. */
  function onClose(this: Socket): void {
    open--;
    const stranger = bySocket.get(this);
    if (stranger !== undefined) forget(stranger);
  }

  return {
    admit(socket, port) {
      const address = socket.remoteAddress ?? '';
      const reason = obstacle(address, port);
      if (reason === undefined) {
        takeIn(socket, address, port.secure);
        return true;
      }
      refused[reason]++;
      // A reset leaves nothing behind, neither here nor in the kernel.
      socket.resetAndDestroy();
      tell();
      return false;
    },
    secured(stream) {
      const key = keyOf(stream);
      const stranger = handshaking.get(key);
      if (stranger === undefined) return;
      handshaking.delete(key);
      byStream.set(stream, stranger);
    },
    carries(stream, carrier) {
      const stranger = byStream.get(carrier);
      if (stranger !== undefined) byStream.set(stream, stranger);
    },
    known(stream) {
      const stranger = byStream.get(stream);
      if (stranger === undefined) return;
      byStream.delete(stream);
      forget(stranger);
    },
    isStranger: (stream) => {
      const stranger = byStream.get(stream);
      return stranger !== undefined && strangers.has(stranger);
    },
    get crowded() {
      return open > limits.total - limits.operators;
    },
    get figures() {
      return { open, strangers: strangers.size, refused: { ...refused }, evicted: { ...evicted } };
    },
  };
}

function noneYet(): Record<DoorReason, number> {
  return { full: 0, strangers: 0, address: 0, handshakes: 0 };
}

function keyOf({ localPort, remoteAddress, remotePort }: Socket): string {
  return `${localPort} ${remoteAddress} ${remotePort}`;
}

/** Says that the door turns peers away: at once, and then what it has come to every few seconds as long as it goes on. */
function createTeller({
  clock,
  log,
  refused,
  evicted,
}: Omit<DoorParts, 'limits'> & Pick<DoorFigures, 'refused' | 'evicted'>): () => void {
  let told = false;
  let more = false;
  const say = (): void => {
    more = false;
    told = true;
    log.warn({ refused: { ...refused }, evicted: { ...evicted } }, 'connections are refused: see iotctl hub limits');
    clock.after(tellEveryMs, () => (more ? say() : (told = false)), { unref: true });
  };
  return () => {
    if (told) more = true;
    else say();
  };
}

/** Descriptors that a hub needs for itself: its databases, firmware files that are read, threads. */
const ownFiles = 256;

/**
 * The limits that a process can keep which may open so many files, and whether they had to be lowered. Never more than a quarter of
 * the connections is kept for operators: devices come in, however few there may be.
 */
export function withinOpenFiles(
  limits: HubLimits['connections'],
  openFiles: number | undefined,
): { readonly limits: HubLimits['connections']; readonly lowered: boolean } {
  const possible =
    openFiles === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(1, openFiles - Math.min(ownFiles, Math.floor(openFiles / 4)));
  const total = Math.min(limits.total, possible);
  const operators = Math.min(limits.operators, Math.floor(total / 4));
  return { limits: { ...limits, total, operators }, lowered: total < limits.total };
}
