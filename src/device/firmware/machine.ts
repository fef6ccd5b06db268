import { isDeepStrictEqual } from 'node:util';
import type { InstallerFacts, Manifest, Trust } from '../../protocol/firmware/index.ts';
import { sleep } from '../../std/clock.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';
import { ActivationSteps } from './activation.ts';
import { download, longestTimerMs, raced, stored } from './download.ts';
import { judge, readWish, type Judgement } from './examine.ts';
import { Journal } from './journal.ts';
import { defaultLimits, type InstallerLimits } from './limits.ts';
import { InstallProblem, type Deferral, type InstallerPorts } from './ports.ts';
import { resume } from './resume.ts';
import { isFinished, otherSlot, tellOf, withFinished, type InstallerState, type Job, type Told } from './state.ts';

export interface InstallerOptions {
  readonly ports: InstallerPorts;
  /** What the device is, as manifests name it. */
  readonly hardware: string;
  /** Of a device whose store is empty; needed only by one that is. */
  readonly first?: InstallerState;
  readonly limits?: Partial<InstallerLimits>;
}

/** Updates one device, a step at a time, and remembers each before it is taken. */
export interface Installer {
  /** What the device is to run: `properties.desired.firmware` as it stands now, null or undefined when there is none. */
  desired(section: JsonValue | undefined): void;
  readonly state: InstallerState;
  /** Resolves when nothing is under way: no offer, or each of them over. */
  settled(): Promise<void>;
  /** Lets go, wherever it stands; a later start goes on from there. Nothing is reported afterwards. */
  stop(): Promise<void>;
}

/** Looks at what runs, goes on with what was under way, and reports it. Rejects with the errors of the store. */
export async function startInstaller(options: InstallerOptions): Promise<Installer> {
  const { ports, first } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const kept = await ports.store.load();
  const trust = await ports.store.loadTrust();
  const state = kept ?? first;
  if (state === undefined) throw new TypeError('the store is empty, and there is no state to begin with');
  const machine = new Machine({ ...options, limits }, state, trust);
  await machine.start();
  return machine;
}

class Machine implements Installer {
  readonly #ports: InstallerPorts;
  readonly #limits: InstallerLimits;
  readonly #hardware: string;
  readonly #journal: Journal;
  readonly #steps: ActivationSteps;
  readonly #stop = new AbortController();
  #trust: Trust;
  #slotBytes = 0;
  /** The newest wish; undefined until the hub has told one. */
  #wish: { readonly section: JsonValue | undefined } | undefined;
  #judged: { readonly basis: readonly unknown[]; readonly judgement: Judgement } | undefined;
  /** The wish that was looked at last. */
  #seen: object | undefined;
  /** Ends what may be ended: everything up to the installation. */
  #news = new AbortController();
  #work: Promise<void> | undefined;

  constructor(options: InstallerOptions & { readonly limits: InstallerLimits }, state: InstallerState, trust: Trust) {
    this.#ports = options.ports;
    this.#limits = options.limits;
    this.#hardware = options.hardware;
    this.#trust = trust;
    const { ports, limits, hardware } = options;
    this.#journal = new Journal({ ports, hardware, state });
    const facts = (): InstallerFacts => this.#facts();
    this.#steps = new ActivationSteps({ ports, journal: this.#journal, limits, signal: this.#stop.signal, facts });
  }

  get state(): InstallerState {
    return this.#journal.state;
  }

  async start(): Promise<void> {
    const { slots } = this.#ports;
    this.#slotBytes = Math.min(await slots.capacity('a'), await slots.capacity('b'));
    const view = await this.#steps.look();
    const { digest } = this.#journal.running;
    const facts = { starts: this.#limits.starts, now: this.#ports.clock.now(), digest };
    const { change, told } = resume(this.state, view, facts);
    await this.#journal.save(change, told);
    this.#wake();
  }

  desired(section: JsonValue | undefined): void {
    this.#wish = { section };
    const { job } = this.state;
    if (job !== undefined && isPending(job) && !this.#isWanted(job)) this.#news.abort(new Error('the offer changed'));
    this.#wake();
  }

  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#work;
  }

  #wake(): void {
    if (this.#work !== undefined || this.#stop.signal.aborted) return;
    const work = Promise.resolve().then(() => this.#run());
    this.#work = work.finally(() => {
      this.#work = undefined;
      // What was wished for at the very end is looked at too.
      if (this.#wish !== this.#seen) this.#wake();
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { job } = this.state;
        if (job !== undefined) await this.#step(job);
        else if (!(await this.#begin())) {
          this.#judged = undefined;
          return;
        }
      } catch (error) {
        if (signal.aborted) return;
        // The store takes no writes, so no step can be taken: the next one waits.
        this.#ports.onTrouble?.(messageOf(error));
        await sleep(this.#ports.clock, this.#limits.pauseMs, signal).catch(() => undefined);
      }
    }
  }

  /** Takes up what is wished for; false when there is nothing to do. */
  async #begin(): Promise<boolean> {
    this.#seen = this.#wish;
    const wish = readWish(this.#wish?.section);
    if (wish.kind === 'nothing') return false;
    if (wish.kind === 'nameless') {
      const told: Told = {
        rollout: null,
        attempt: 0,
        state: 'rejected',
        code: 'manifest-invalid',
        message: wish.message,
      };
      if (!isDeepStrictEqual(told, this.state.last)) await this.#journal.save({}, told);
      return false;
    }
    const { rollout, attempt } = wish;
    if (isFinished(this.state, rollout, attempt)) return false;
    const judgement = this.#judge(wish.document);
    await this.#keepTrust(judgement);
    const finished = withFinished(this.state, rollout, attempt);
    if (judgement.kind === 'rejected') {
      const { code, message } = judgement;
      await this.#journal.save({ finished }, { rollout, attempt, state: 'rejected', code, message });
      return false;
    }
    const { offer } = judgement;
    const { running, runningSlot, selectedSlot } = this.#journal;
    if (offer.manifest.sha256 === running.digest) {
      await this.#steps.confirmed(offer.manifest, runningSlot, { rollout, attempt });
      return false;
    }
    // A boot loader fell back by itself: the slot that is written next must not be the one that boots next.
    if (selectedSlot !== runningSlot) await this.#steps.settleOn(runningSlot, selectedSlot);
    const target = otherSlot(runningSlot);
    const job: Job = {
      phase: 'downloading',
      offer,
      target,
      previous: runningSlot,
      deferrals: 0,
      activations: 0,
      starts: 0,
    };
    await this.#journal.save({ job }, { rollout, attempt, state: 'downloading', progress: 0 });
    return true;
  }

  async #step(job: Job): Promise<void> {
    if (!isPending(job)) return this.#steps.step(job);
    if (!this.#isWanted(job)) return this.#reconsider(job);
    this.#news = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, this.#news.signal]);
    try {
      await (job.phase === 'downloading' ? this.#download(job, signal) : this.#install(job, signal));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof InstallProblem)) throw error;
      const message = error.message.slice(0, 512);
      await this.#steps.finish(job, { state: 'failed', code: error.code, message });
    }
  }

  /** Whether the job is what the hub wishes for, word for word; so as long as the hub has not said anything. */
  #isWanted(job: Job): boolean {
    if (this.#wish === undefined) return true;
    const wish = readWish(this.#wish.section);
    if (wish.kind !== 'offer' || !isOf(job, wish)) return false;
    const judgement = this.#judge(wish.document);
    return judgement.kind === 'accepted' && isDeepStrictEqual(judgement.offer, job.offer);
  }

  /** The hub wishes for something else: the job is dropped, or goes on with what was changed about its offer. */
  async #reconsider(job: Job): Promise<void> {
    this.#seen = this.#wish;
    const wish = readWish(this.#wish?.section);
    const judgement = wish.kind === 'offer' && isOf(job, wish) ? this.#judge(wish.document) : undefined;
    if (judgement?.kind === 'accepted') {
      const { offer } = judgement;
      await this.#keepTrust(judgement);
      const isSame = isDeepStrictEqual(offer.manifest, job.offer.manifest);
      const { etag: _, ...rest } = job;
      await this.#journal.save({ job: isSame ? { ...job, offer } : { ...rest, phase: 'downloading', offer } });
      return;
    }
    // With another offer, that one is told about next.
    const isNext = wish.kind === 'offer' && !isFinished(this.state, wish.rollout, wish.attempt);
    await this.#journal.save({ job: undefined }, isNext ? undefined : tellOf(job, { state: 'idle' }));
  }

  async #download(job: Job, signal: AbortSignal): Promise<void> {
    const { slots } = this.#ports;
    const { manifest, keyId, signature } = job.offer;
    const writer = await stored(slots.open(job.target, { sha256: manifest.sha256, size: manifest.size }));
    let now = job;
    try {
      await download(
        writer,
        {
          offer: job.offer,
          etag: job.etag,
          onEtag: async (etag) => {
            const { etag: _, ...rest } = now;
            now = etag === undefined || etag.length > 512 ? rest : { ...rest, etag };
            await this.#journal.save({ job: now });
          },
          onProgress: this.#progressOf(job),
          limits: this.#limits.download,
          signal,
        },
        this.#ports,
      );
      signal.throwIfAborted();
      await stored(writer.seal({ manifest, keyId, signature }));
    } finally {
      await writer.close().catch(() => undefined);
    }
    const held = { ...this.state.slots, [job.target]: { version: manifest.version, digest: manifest.sha256 } };
    await this.#journal.save({ job: { ...now, phase: 'staged' }, slots: held }, tellOf(job, { state: 'staged' }));
  }

  /** Reports how far it is: seldom, but at least as often as whoever waits needs to see that it goes on. */
  #progressOf(job: Job): (bytes: number) => void {
    const { clock } = this.#ports;
    const { manifest, deadlines } = job.offer;
    let percentTold = 0;
    let at = clock.monotonic();
    return (bytes) => {
      const percent = Math.floor((bytes / manifest.size) * 1_000) / 10;
      const sinceMs = clock.monotonic() - at;
      const isStep = percent - percentTold >= this.#limits.progressStep && sinceMs >= this.#limits.progressPauseMs;
      if (!isStep && sinceMs < (deadlines.stall * 1_000) / 3) return;
      percentTold = percent;
      at = clock.monotonic();
      const told = tellOf(job, { state: 'downloading', progress: percent });
      this.#journal.tell(told).catch((error: unknown) => this.#ports.onTrouble?.(messageOf(error)));
    };
  }

  /** Waits for its time, and for the device, and then there is no way but forward or back. */
  async #install(job: Job, signal: AbortSignal): Promise<void> {
    const { last } = this.state;
    const { notBefore, manifest } = job.offer;
    if (last.state === 'deferred') await this.#until(last.until ?? 0, signal);
    if (notBefore !== undefined) await this.#until(Date.parse(notBefore), signal);
    const deferral = await this.#mayInstall(manifest, signal);
    if (deferral !== undefined) return this.#putOff(job, deferral);
    await this.#journal.save({ job: { ...job, phase: 'activating' } }, tellOf(job, { state: 'installing' }));
  }

  /** A device that cannot be asked is not updated. */
  async #mayInstall(manifest: Manifest, signal: AbortSignal): Promise<Deferral | undefined> {
    try {
      return await raced(this.#ports.defer(manifest, signal), signal);
    } catch (error) {
      throw new InstallProblem('install-failed', messageOf(error), error);
    }
  }

  async #putOff(job: Job, { until, message }: Deferral): Promise<void> {
    const deferrals = job.deferrals + 1;
    if (deferrals > this.#limits.deferrals)
      throw new InstallProblem('too-many-deferrals', `put off ${this.#limits.deferrals} times`);
    const words = message === undefined ? {} : { message: message.slice(0, 512) };
    await this.#journal.save({ job: { ...job, deferrals } }, tellOf(job, { state: 'deferred', until, ...words }));
  }

  async #until(at: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    for (let left = at - clock.now(); left > 0; left = at - clock.now())
      await sleep(clock, Math.min(left, longestTimerMs), signal);
  }

  /** One offer is judged once, as long as the device and the keys it trusts are the same. */
  #judge(document: JsonObject): Judgement {
    const { running, state } = this.#journal;
    const basis = [document, this.#trust, running.digest, running.version, state.releaseCounter] as const;
    const known = this.#judged;
    if (known !== undefined && basis.every((part, index) => part === known.basis[index])) return known.judgement;
    const judgement = judge(document, this.#facts());
    this.#judged = { basis, judgement };
    return judgement;
  }

  #facts(): InstallerFacts {
    return {
      trust: this.#trust,
      hardware: this.#hardware,
      version: this.#journal.running.version,
      releaseCounter: this.state.releaseCounter,
      slotBytes: this.#slotBytes,
    };
  }

  async #keepTrust({ trust }: Judgement): Promise<void> {
    if (trust.version <= this.#trust.version) return;
    await this.#ports.store.saveTrust(trust);
    this.#trust = trust;
  }
}

/** Whether an update may still be taken back. */
function isPending(job: Job): boolean {
  return job.phase === 'downloading' || job.phase === 'staged';
}

function isOf(job: Job, { rollout, attempt }: { readonly rollout: string; readonly attempt: number }): boolean {
  return job.offer.rollout === rollout && job.offer.attempt === attempt;
}
