import { Readable, Writable } from 'node:stream';
import type { Rooms } from '../../../src/cli/rooms.ts';
import type { SignalName, System } from '../../../src/cli/system.ts';
import type { CommandTable } from '../../../src/cli/program.ts';
import { run } from '../../../src/cli/run.ts';
import { Failure } from '../../../src/errors/index.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

/** A stream that keeps what is written to it, on a terminal or not. */
export class CapturedStream extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly #chunks: Buffer[] = [];

  constructor(options: { isTTY?: boolean; columns?: number } = {}) {
    super({ decodeStrings: true });
    this.isTTY = options.isTTY ?? false;
    this.columns = options.columns ?? 80;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

export interface FakeSystem extends System {
  readonly stdout: CapturedStream;
  readonly stderr: CapturedStream;
  readonly clock: FakeClock;
  readonly exits: number[];
  send(signal: SignalName): void;
  crash(error: unknown): void;
  readonly handlers: ReadonlyMap<SignalName, ReadonlySet<() => void>>;
}

export interface FakeSystemOptions {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly stdin?: string;
  readonly stdout?: CapturedStream;
}

export function fakeSystem(options: FakeSystemOptions = {}): FakeSystem {
  const handlers = new Map<SignalName, Set<() => void>>();
  const exits: number[] = [];
  const crashHandlers = new Set<(error: unknown) => void>();
  const terminal = { isTTY: options.isTTY ?? false, columns: options.columns ?? 80 };
  return {
    argv: options.argv ?? [],
    env: options.env ?? {},
    platform: 'linux',
    homeDirectory: '/home/someone',
    clock: fakeClock(),
    random: () => 0.5,
    stdin: Object.assign(Readable.from([options.stdin ?? '']), { isTTY: terminal.isTTY }),
    stdout: options.stdout ?? new CapturedStream(terminal),
    stderr: new CapturedStream(terminal),
    onSignal(name, handler) {
      const set = handlers.get(name) ?? new Set();
      handlers.set(name, set.add(handler));
      return () => set.delete(handler);
    },
    onCrash(handler) {
      crashHandlers.add(handler);
      return () => crashHandlers.delete(handler);
    },
    crash(error) {
      for (const handler of crashHandlers) handler(error);
    },
    exit: (code) => exits.push(code),
    runtime: {
      node: '24.21.0',
      uid: 1000,
      userName: () => 'someone',
      pid: 4711,
      program: ['node', 'iotctl.js'],
      version: () => '1.2.3',
      terminate: () => false,
    },
    exits,
    handlers,
    send(signal) {
      for (const handler of handlers.get(signal) ?? []) handler();
    },
  };
}

/** Rooms that hold nothing: no profiles, no hub. */
export const emptyRooms: Rooms = {
  openProfiles: async () => {
    throw new Failure('no-hub', 'this test has no profiles');
  },
  resolveConnection: async () => {
    throw new Failure('no-hub', 'no hub is chosen');
  },
  connectProvisioning: async () => {
    throw new Failure('no-hub', 'this test has no provisioning service');
  },
  connectHub: async () => {
    throw new Failure('no-hub', 'no hub is chosen');
  },
};

/** Runs one command line against a fake terminal. */
export async function runLine(
  table: CommandTable,
  options: FakeSystemOptions,
  rooms: Rooms = emptyRooms,
): Promise<{ stdout: string; stderr: string; code: number | undefined }> {
  const system = fakeSystem(options);
  await run(system, rooms, table);
  return { stdout: system.stdout.text, stderr: system.stderr.text, code: system.exits[0] };
}
