/** Firmware of one simulated device: the same machine that the agent has, on flash in memory, in the simulation's time. */
import { createHash } from 'node:crypto';
import type { Manifest, Offer, Report, Trust } from '../../../protocol/firmware/index.ts';
import { mergeContent } from '../../../protocol/twin/index.ts';
import { sleep, type Clock } from '../../../std/clock.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import type { InstallerLimits } from '../../firmware/limits.ts';
import { startInstaller, type Installer } from '../../firmware/machine.ts';
import type {
  Activation,
  FetchAnswer,
  FetchRequest,
  InstallerPorts,
  SlotName,
  StateStore,
} from '../../firmware/ports.ts';
import { firstState, type InstallerState } from '../../firmware/state.ts';
import type { DeviceFaults, Faults } from './faults.ts';
import { createFlash } from './flash.ts';

/** What every device of a fleet begins with. */
export interface FirmwareStart {
  readonly version: string;
  /** SHA-256 of what runs; made up of hardware and version when absent. */
  readonly digest?: string;
  readonly hardware: string;
  readonly trust: Trust;
  readonly releaseCounter?: number;
  /** Room of a slot; 1 GiB by default. */
  readonly slotBytes?: number;
}

/** A device's way to the hub, which a restart cuts. */
export interface FirmwareLink {
  /** Reported properties, kept until the hub has them. */
  report(patch: JsonObject): void;
  /** Resolves when the hub has all that was reported, or after so long. */
  delivered(limitMs: number): Promise<void>;
  connect(): void;
  disconnect(): void;
}

/** Fetches what a device is offered; `offer` is the one under way, whose signature was checked. */
export type FetchForDevice = (
  request: FetchRequest,
  device: { readonly offer: Offer; readonly bytesPerSecond: number; readonly corrupt: boolean },
) => Promise<FetchAnswer>;

export interface SimulatedFirmwareOptions {
  readonly deviceId: string;
  readonly start: FirmwareStart;
  readonly faults: DeviceFaults;
  /** Versions that are bad for everybody. */
  readonly images: Pick<Faults, 'badImages' | 'brickImages'>;
  readonly link: FirmwareLink;
  readonly fetch: FetchForDevice;
  /** Virtual time. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits?: Partial<InstallerLimits>;
  readonly onTrouble?: (message: string) => void;
  /** Told each report as it goes out. */
  readonly onReport?: (report: Report) => void;
}

export interface SimulatedFirmware {
  /** The device starts: it links itself, unless it is one of those that are away at first. */
  start(): void;
  /** A change of the desired properties, as connections tell it. */
  desired(change: { readonly desired: JsonObject; readonly complete: boolean }): void;
  /** What the device says that it is doing; `bricked` and `away` when it says nothing. */
  readonly condition: FirmwareCondition;
  stop(): void;
}

export type FirmwareCondition = Report['state'] | 'bricked' | 'away';

/** Seconds of virtual time, from the least to the most; each device draws its own. */
const spans = {
  install: [2, 6],
  restart: [5, 20],
  selfTest: [5, 15],
  away: [120, 1_800],
  present: [600, 3_600],
} as const satisfies Record<string, readonly [number, number]>;

const bytesPerSecond = 1_000_000;
const slowness = 20;
const defaultSlotBytes = 1024 ** 3;
/** A device that has just been updated stays for so long: one that leaves then looks as if the update had broken it. */
const lookedAfterMs = 6 * 3_600_000;
/** How long a device that will fall silent lets its last report have; the network is faster. */
const lastWordsMs = 600_000;

export function createSimulatedFirmware(options: SimulatedFirmwareOptions): SimulatedFirmware {
  return new FirmwareOfDevice(options);
}

/** What a device runs that was never updated. */
export function firstDigest({ digest, hardware, version }: FirmwareStart): string {
  return digest ?? createHash('sha256').update(`simulated firmware ${version} of ${hardware}`).digest('hex');
}

class FirmwareOfDevice implements SimulatedFirmware {
  readonly #options: SimulatedFirmwareOptions;
  readonly #store: StateStore;
  readonly #ports: InstallerPorts;
  readonly #stopped = new AbortController();
  readonly #first: InstallerState;
  readonly #firstDigest: string;
  /** `properties.desired.firmware` as the device knows it; undefined until it was told. */
  #section: { readonly value: JsonValue | undefined } | undefined;
  #saved: InstallerState | undefined;
  #trust: Trust;
  #slot: SlotName = 'a';
  #starts = 1;
  #resetReason = 'power-on';
  #installer: Installer | undefined;
  #said: Report['state'] = 'idle';
  #isAway = false;
  #updatedAt: number | undefined;
  #isBricked = false;
  readonly #liesByOldDigest: boolean;

  constructor(options: SimulatedFirmwareOptions) {
    const { start, clock, random, link } = options;
    this.#options = options;
    this.#trust = start.trust;
    this.#firstDigest = firstDigest(start);
    this.#liesByOldDigest = random() < 0.5;
    const digest = this.#firstDigest;
    this.#first = firstState('a', { version: start.version, digest }, start.releaseCounter ?? 0);
    this.#store = {
      load: async () => this.#saved,
      save: async (state) => void (this.#saved = state),
      loadTrust: async () => this.#trust,
      saveTrust: async (trust) => void (this.#trust = trust),
    };
    this.#ports = {
      store: this.#store,
      slots: createFlash(start.slotBytes ?? defaultSlotBytes, { slot: 'a', sha256: digest, size: 0 }),
      fetch: (request) => this.#fetch(request),
      boot: {
        look: async () => ({
          selected: this.#slot,
          running: this.#slot,
          bootId: `start-${this.#starts}`,
          resetReason: this.#resetReason,
        }),
        activate: (activation) => this.#activate(activation),
        confirm: async () => undefined,
      },
      selfTest: ({ manifest }, signal) => this.#selfTest(manifest, signal),
      defer: async () => undefined,
      clock,
      random,
      report: (report) => this.#report(report),
      delivered: (limitMs) => link.delivered(limitMs),
      onTrouble: (message) => options.onTrouble?.(message),
    };
  }

  get condition(): FirmwareCondition {
    if (this.#isBricked) return 'bricked';
    return this.#isAway ? 'away' : this.#said;
  }

  start(): void {
    if (this.#options.faults.offline) void this.#comeAndGo().catch(() => undefined);
    else this.#options.link.connect();
    void this.#boot();
  }

  desired({ desired, complete }: { readonly desired: JsonObject; readonly complete: boolean }): void {
    const before = this.#section?.value;
    if (!complete && !Object.hasOwn(desired, 'firmware')) return;
    const patch = desired['firmware'];
    const merges = !complete && isJsonObject(patch) && isJsonObject(before);
    this.#section = { value: merges ? mergeContent(before, patch) : patch };
    this.#installer?.desired(this.#section.value);
  }

  stop(): void {
    this.#stopped.abort(new Error('the simulation ends'));
    void this.#installer?.stop();
  }

  async #boot(): Promise<void> {
    const { hardware } = this.#options.start;
    const { limits } = this.#options;
    const installer = await startInstaller({
      ports: this.#ports,
      hardware,
      first: this.#first,
      ...(limits === undefined ? {} : { limits }),
    });
    if (this.#stopped.signal.aborted) return void installer.stop();
    this.#installer = installer;
    if (this.#section !== undefined) installer.desired(this.#section.value);
  }

  #report(report: Report): void {
    const said = this.#options.faults.fate === 'lie' ? this.#lie(report) : report;
    this.#said = said.state;
    if (said.rollout !== undefined && said.rollout !== null) this.#updatedAt = this.#options.clock.monotonic();
    this.#options.onReport?.(said);
    this.#options.link.report({ firmware: said as unknown as JsonObject });
  }

  /** Says that the update has worked, but the digest tells. */
  #lie(report: Report): Report {
    if (report.digest === this.#firstDigest) return report;
    const other = createHash('sha256').update(`what ${this.#options.deviceId} really runs`).digest('hex');
    return { ...report, digest: this.#liesByOldDigest ? this.#firstDigest : other };
  }

  #fetch(request: FetchRequest): Promise<FetchAnswer> {
    const offer = this.#saved?.job?.offer;
    if (offer === undefined) return Promise.reject(new Error('nothing is to be fetched'));
    const { slow, fate } = this.#options.faults;
    return this.#options.fetch(request, {
      offer,
      bytesPerSecond: slow ? bytesPerSecond / slowness : bytesPerSecond,
      corrupt: fate === 'corrupt',
    });
  }

  async #activate({ slot, reason, version }: Activation): Promise<'restarting'> {
    const { faults, images, link, clock } = this.#options;
    const { signal } = this.#stopped;
    if (reason === 'update' && (faults.fate === 'brick' || images.brickImages.includes(version))) {
      await link.delivered(lastWordsMs);
      this.#isBricked = true;
      link.disconnect();
      await this.#forever();
    }
    await sleep(clock, this.#draw('install'), signal);
    this.#slot = slot;
    void this.#restart(reason).catch(() => undefined);
    return 'restarting';
  }

  async #restart(reason: Activation['reason']): Promise<void> {
    const { link, clock } = this.#options;
    const { signal } = this.#stopped;
    await this.#installer?.stop();
    link.disconnect();
    await sleep(clock, this.#draw('restart'), signal);
    this.#starts++;
    this.#resetReason = reason === 'update' ? 'software' : 'watchdog';
    link.connect();
    await this.#boot();
  }

  async #selfTest(
    { version }: Manifest,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'passed' } | { readonly kind: 'failed'; readonly message: string }> {
    const { faults, images, clock } = this.#options;
    await sleep(clock, this.#draw('selfTest'), signal);
    if (images.badImages.includes(version)) return { kind: 'failed', message: `${version} is a bad image` };
    if (faults.fate === 'revert') return { kind: 'failed', message: 'a simulated failure of the self-test' };
    return { kind: 'passed' };
  }

  /** Under way with an update, or so fresh from one that it is still looked after. */
  #isNeeded(): boolean {
    if (this.#saved?.job !== undefined) return true;
    return this.#updatedAt !== undefined && this.#options.clock.monotonic() - this.#updatedAt < lookedAfterMs;
  }

  /** Away at first, then in turns; an update that was begun is not interrupted. */
  async #comeAndGo(): Promise<void> {
    const { clock, link } = this.#options;
    const { signal } = this.#stopped;
    for (;;) {
      this.#isAway = true;
      await sleep(clock, this.#draw('away'), signal);
      this.#isAway = false;
      link.connect();
      await sleep(clock, this.#draw('present'), signal);
      while (!this.#isBricked && this.#isNeeded()) await sleep(clock, this.#draw('present'), signal);
      if (this.#isBricked) return;
      link.disconnect();
    }
  }

  #forever(): Promise<never> {
    return new Promise(() => undefined);
  }

  /** Milliseconds. */
  #draw(span: keyof typeof spans): number {
    const [least, most] = spans[span];
    return Math.round((least + (most - least) * this.#options.random()) * 1_000);
  }
}
