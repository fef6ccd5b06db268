/** A device in memory that loses its power at any operation: what was not durable is gone, and the device starts again. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import {
  FetchProblem,
  firstState,
  installerStateSchema,
  startInstaller,
  type Deferral,
  type FetchAnswer,
  type FetchRequest,
  type Installer,
  type InstallerLimits,
  type InstallerPorts,
  type InstallerState,
  type SelfTestVerdict,
  type SlotName,
  type SlotWriter,
} from '../../../src/device/firmware/index.ts';
import {
  keyIdOf,
  rawPublicKey,
  reportSchema,
  signManifest,
  trustSchema,
  type Manifest,
  type Report,
  type Trust,
} from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

export function trustOf(keys: readonly KeyObject[], version = 1): Trust {
  const publicKeys = keys.map((key) => rawPublicKey(key));
  return {
    format: 1,
    version,
    keys: publicKeys.map((publicKey) => ({ keyId: keyIdOf(publicKey), publicKey })),
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

const hardware = 'pump-v2';
export const oldImage = Buffer.from('the firmware that the device was made with');

export function imageOf(text: string, size = 10_000): Buffer {
  return Buffer.alloc(size, `${text} `);
}

export function manifestOf(image: Uint8Array, more: Partial<Manifest> = {}): Manifest {
  return {
    format: 1,
    name: 'pump',
    version: '2.0.0',
    hardware: [hardware],
    size: image.byteLength,
    sha256: sha256(image),
    releaseCounter: 2,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...more,
  };
}

export const deadlines = { offer: 60, stall: 60, install: 60, reboot: 60, confirm: 120 };

export function offerOf(key: KeyObject, image: Uint8Array, more: Partial<Manifest> = {}): JsonObject {
  const signed = signManifest(manifestOf(image, more), key);
  return { rollout: 'r', attempt: 1, ...signed, url: 'https://files.example/f', deadlines } as unknown as JsonObject;
}

/** The power went. Everything the device does from then on fails with it. */
export class PowerCut extends Error {}

interface Slot {
  image?: Buffer;
  document?: unknown;
}

export interface Behaviour {
  /** What the server has. */
  image: Buffer;
  chunkBytes: number;
  /** What becomes of an activation: the service restarts, or the whole device, with or without saying so first. */
  activation: 'service' | 'reboot' | 'announced' | 'failing';
  selfTest: (slot: SlotName) => SelfTestVerdict | 'hang';
  defer: () => Deferral | undefined;
  /** The server says nothing more after the first bytes. */
  hang: boolean;
  /** A boot loader that does not start such an image and falls back. */
  unbootable: (image: Buffer | undefined) => boolean;
}

export interface MemoryDevice {
  readonly clock: FakeClock;
  readonly behaviour: Behaviour;
  readonly reports: Report[];
  readonly troubles: string[];
  readonly slots: Record<SlotName, Slot>;
  readonly key: KeyObject;
  /** Operations of the flash so far. */
  operations: number;
  /** The operation, counted from 1, at which the power goes, and whether it is done by then. */
  cut: { readonly at: number; readonly done: boolean } | undefined;
  readonly selected: SlotName;
  readonly running: SlotName;
  readonly state: InstallerState | undefined;
  readonly trust: Trust;
  /** Asked of the server. */
  readonly requests: { readonly from: number; readonly etag: string | undefined }[];
  /** Slots activated, in order. */
  readonly activations: { readonly slot: SlotName; readonly reason: string }[];
  /** Starts the device: the boot loader first, and then the machine. */
  boot(limits?: Partial<InstallerLimits>): Promise<Installer>;
  /** Resolves when the power is gone or the device has restarted itself. */
  readonly down: Promise<void>;
  /** Takes the power away now. */
  crash(): void;
  /** What became of the present start: still on, or its power has gone. */
  readonly isDown: boolean;
}

export function memoryDevice(key: KeyObject = newKey(), change: Partial<Behaviour> = {}): MemoryDevice {
  const flash = {
    state: undefined as string | undefined,
    trust: JSON.stringify(trustOf([key])),
    slots: { a: { image: oldImage }, b: {} } as Record<SlotName, Slot>,
    part: undefined as { sha256: string; bytes: Buffer } | undefined,
    selected: 'a' as SlotName,
    running: 'a' as SlotName,
  };
  const clock = fakeClock();
  const behaviour: Behaviour = {
    image: imageOf('new'),
    chunkBytes: 2_500,
    activation: 'service',
    selfTest: () => ({ kind: 'passed' }),
    defer: () => undefined,
    unbootable: () => false,
    hang: false,
    ...change,
  };
  const reports: Report[] = [];
  const troubles: string[] = [];
  const requests: { from: number; etag: string | undefined }[] = [];
  const activations: { slot: SlotName; reason: string }[] = [];
  let boots = 0;
  let off = Promise.withResolvers<void>();
  let isDown = false;
  const goDown = (): never => {
    isDown = true;
    off.resolve();
    throw new PowerCut('the power is gone');
  };
  /** One operation that changes what survives; `torn` is what is left of it when the power goes meanwhile. */
  const durably = async (work: () => void, torn?: () => void): Promise<void> => {
    await Promise.resolve();
    if (isDown) throw new PowerCut('the power is gone');
    device.operations++;
    const { cut } = device;
    if (cut !== undefined && device.operations === cut.at) {
      (cut.done ? work : torn)?.();
      goDown();
    }
    work();
  };
  const writerOf = (slot: SlotName, file: { readonly sha256: string; readonly size: number }): SlotWriter => {
    const part = flash.part?.sha256 === file.sha256 ? flash.part : { sha256: file.sha256, bytes: Buffer.alloc(0) };
    flash.part = part;
    return {
      get length() {
        return part.bytes.length;
      },
      write: (chunk) => {
        // What is torn has the length of the whole, and nothing of what was in it.
        return durably(
          () => (part.bytes = Buffer.concat([part.bytes, chunk])),
          () => (part.bytes = Buffer.concat([part.bytes, new Uint8Array(chunk.byteLength)])),
        );
      },
      restart: () => durably(() => (part.bytes = Buffer.alloc(0))),
      digest: () => Promise.resolve(sha256(part.bytes)),
      seal: async (signed) => {
        await durably(() => (flash.slots[slot] = {}));
        await durably(() => (flash.slots[slot].image = part.bytes));
        await durably(() => (flash.slots[slot].document = JSON.parse(JSON.stringify(signed)) as unknown));
        flash.part = undefined;
      },
      close: () => Promise.resolve(),
    };
  };
  const answer = async (request: FetchRequest): Promise<FetchAnswer> => {
    await Promise.resolve();
    if (isDown) throw new FetchProblem('broken', 'the power is gone');
    const { image, chunkBytes } = behaviour;
    const etag = `"${sha256(image)}"`;
    requests.push({ from: request.from, etag: request.etag });
    const from = request.etag === undefined || request.etag === etag ? request.from : 0;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let at = from; at < image.length; at += chunkBytes) {
        await Promise.resolve();
        yield image.subarray(at, at + chunkBytes);
        if (behaviour.hang) await new Promise<never>(() => undefined);
      }
    }
    return { from, total: image.length, etag, body: body() };
  };
  const load = (): string => (behaviour.unbootable(flash.slots[flash.selected].image) ? 'a' : flash.selected);
  const ports = (): InstallerPorts => ({
    store: {
      load: () =>
        Promise.resolve(
          flash.state === undefined ? undefined : installerStateSchema.parse(JSON.parse(flash.state) as unknown),
        ),
      save: (state) => durably(() => (flash.state = JSON.stringify(state))),
      loadTrust: () => Promise.resolve(trustSchema.parse(JSON.parse(flash.trust))),
      saveTrust: (trust) => durably(() => (flash.trust = JSON.stringify(trust))),
    },
    slots: {
      capacity: () => Promise.resolve(1_000_000),
      open: async (slot, file) => {
        await durably(() => undefined);
        return writerOf(slot, file);
      },
      digest: (slot) => {
        const { image } = flash.slots[slot];
        return Promise.resolve(image === undefined ? undefined : { sha256: sha256(image), size: image.length });
      },
      document: (slot) => Promise.resolve(flash.slots[slot].document),
    },
    fetch: answer,
    boot: {
      look: () => Promise.resolve({ selected: flash.selected, running: flash.running, bootId: `boot-${boots}` }),
      activate: async ({ slot, reason }) => {
        activations.push({ slot, reason });
        await durably(() => (flash.selected = slot));
        if (behaviour.activation === 'failing' && reason === 'update') throw new Error('the hook ended with 1');
        if (behaviour.activation === 'reboot') goDown();
        if (behaviour.activation === 'announced') {
          setTimeout(() => device.crash(), 0);
          return 'restarting';
        }
        await durably(() => (flash.running = load() as SlotName));
        return 'running';
      },
      confirm: () => durably(() => undefined),
    },
    selfTest: async ({ slot }) => {
      await Promise.resolve();
      if (isDown) throw new PowerCut('the power is gone');
      const verdict = behaviour.selfTest(slot);
      return verdict === 'hang' ? new Promise<never>(() => undefined) : verdict;
    },
    defer: () => Promise.resolve(behaviour.defer()),
    clock,
    random: () => 0.5,
    report: (report) => {
      if (!isDown) reports.push(reportSchema.parse(report));
    },
    delivered: () => Promise.resolve(),
    onTrouble: (message) => troubles.push(message),
  });
  const device: MemoryDevice = {
    clock,
    behaviour,
    reports,
    troubles,
    requests,
    activations,
    slots: flash.slots,
    key,
    operations: 0,
    cut: undefined,
    get selected() {
      return flash.selected;
    },
    get running() {
      return flash.running;
    },
    get state() {
      return flash.state === undefined ? undefined : (JSON.parse(flash.state) as InstallerState);
    },
    get trust() {
      return JSON.parse(flash.trust) as Trust;
    },
    crash: () => {
      isDown = true;
      off.resolve();
    },
    get down() {
      return off.promise;
    },
    get isDown() {
      return isDown;
    },
    boot: (limits) => {
      boots++;
      isDown = false;
      off = Promise.withResolvers();
      flash.running = load() as SlotName;
      const first = firstState('a', { version: '1.0.0', digest: sha256(oldImage) }, 1);
      return startInstaller({ ports: ports(), hardware, first, ...(limits !== undefined && { limits }) });
    },
  };
  return device;
}

/** Lets the device run until it is settled, restarting it whenever it goes down; time passes when it waits. */
export async function runToRest(
  device: MemoryDevice,
  wish: JsonObject | null,
  limits?: Partial<InstallerLimits>,
  whenDown?: () => void,
): Promise<Installer> {
  for (let starts = 0; starts < 60; starts++) {
    let installer: Installer;
    try {
      installer = await device.boot(limits);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      forgetCut(device);
      whenDown?.();
      continue;
    }
    installer.desired(wish);
    const rested = installer.settled().then(() => true);
    const outcome = await Promise.race([rested, device.down.then(() => false), passTime(device, rested)]);
    if (outcome && !device.isDown) return installer;
    forgetCut(device);
    whenDown?.();
    await installer.stop();
  }
  throw new Error('the device never came to rest');
}

function forgetCut(device: MemoryDevice): void {
  if (device.cut !== undefined && device.operations >= device.cut.at) device.cut = undefined;
}

/** Moves the clock on in steps for as long as the device does not rest. */
async function passTime(device: MemoryDevice, rested: Promise<unknown>): Promise<false> {
  let over = false;
  void rested.then(() => (over = true));
  for (let round = 0; round < 2_000; round++) {
    for (let turn = 0; turn < 20; turn++) {
      await setImmediate();
      if (over || device.isDown) return new Promise<false>(() => undefined);
    }
    await device.clock.advance(1_000);
  }
  throw new Error('the device does not come to rest');
}
