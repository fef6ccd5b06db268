import type { InstallerFacts, Manifest } from '../../protocol/firmware/index.ts';
import { sleep } from '../../std/clock.ts';
import { messageOf } from '../../std/message-of.ts';
import { longestTimerMs, raced } from './download.ts';
import type { Journal } from './journal.ts';
import type { InstallerLimits } from './limits.ts';
import type { BootView, InstallerPorts, SlotName } from './ports.ts';
import { formerRuns, turnedBack } from './resume.ts';
import { tellOf, withFinished, type Job, type RevertVerdict, type Told } from './state.ts';
import { verifySlot } from './verify-slot.ts';

export interface ActivationParts {
  readonly ports: InstallerPorts;
  readonly journal: Journal;
  readonly limits: InstallerLimits;
  /** The machine is being stopped. */
  readonly signal: AbortSignal;
  readonly facts: () => InstallerFacts;
}

/** The part of an update that is not taken back: to activate, to try, to confirm or to go back. Each method is one step. */
export class ActivationSteps {
  readonly #parts: ActivationParts;

  constructor(parts: ActivationParts) {
    this.#parts = parts;
  }

  step(job: Job): Promise<void> {
    if (job.phase === 'activating') return this.#activate(job);
    return job.phase === 'trial' ? this.#try(job) : this.#goBack(job);
  }

  /** Looks at what runs. */
  async look(): Promise<BootView> {
    const { ports, journal } = this.#parts;
    const view = await ports.boot.look();
    const held = journal.state.slots[view.running];
    const found = await ports.slots.digest(view.running);
    const digest = found?.sha256 ?? '0'.repeat(64);
    journal.runs(view, { version: held?.version ?? '0.0.0', digest });
    return view;
  }

  /** The device has this firmware now, and never takes an older release again. */
  async confirmed(
    manifest: Manifest,
    slot: SlotName,
    name: { readonly rollout: string; readonly attempt: number },
  ): Promise<void> {
    const { journal } = this.#parts;
    const { state, running } = journal;
    const installed = { version: manifest.version, digest: manifest.sha256 };
    const change = {
      job: undefined,
      releaseCounter: Math.max(state.releaseCounter, manifest.releaseCounter),
      slots: { ...state.slots, [slot]: installed },
      finished: withFinished(state, name.rollout, name.attempt),
      confirmed: { ...name, digest: manifest.sha256 },
    };
    await journal.save(change, { ...name, state: 'confirmed' }, { ...running, version: manifest.version });
  }

  /** The attempt is over. */
  async finish(job: Job, outcome: Omit<Told, 'rollout' | 'attempt'>): Promise<void> {
    const { journal } = this.#parts;
    const { rollout, attempt } = job.offer;
    await this.look();
    const finished = withFinished(journal.state, rollout, attempt);
    await journal.save({ job: undefined, finished }, tellOf(job, outcome));
  }

  /** Has a slot run that was good before; nothing is on trial. */
  async settleOn(slot: SlotName, previous: SlotName): Promise<void> {
    const { ports, journal, limits, signal } = this.#parts;
    const { version, digest } = journal.running;
    const limitMs = limits.settleMs;
    await raced(ports.boot.activate({ slot, previous, reason: 'revert', version, digest, limitMs }), signal);
  }

  async #activate(job: Job): Promise<void> {
    const { ports, journal, limits, signal, facts } = this.#parts;
    const { target, previous, offer } = job;
    const problem = await verifySlot(ports.slots, target, { manifest: offer.manifest, facts: facts() });
    if (problem !== undefined) {
      if (job.activations === 0) return this.finish(job, problem);
      return this.#turnBack(job, { ...problem, state: 'failed' });
    }
    if (job.activations >= limits.activations)
      return this.#turnBack(job, {
        state: 'reverted',
        code: 'boot-loop',
        message: 'the activation never came to an end',
      });
    const begun: Job = { ...job, activations: job.activations + 1 };
    await journal.save({ job: begun }, tellOf(job, { state: 'rebooting' }));
    await raced(ports.delivered(limits.deliveredMs), signal);
    const { version, sha256: digest } = offer.manifest;
    const limitMs = offer.deadlines.reboot * 1_000;
    const activation = { slot: target, previous, reason: 'update', version, digest, limitMs } as const;
    try {
      const outcome = await raced(ports.boot.activate(activation), signal);
      if (outcome === 'restarting') {
        await journal.save({ job: { ...begun, restarting: true } });
        await sleep(ports.clock, limitMs, signal);
        throw new Error('the device did not restart');
      }
    } catch (error) {
      signal.throwIfAborted();
      return this.#turnBack(begun, { state: 'failed', code: 'install-failed', message: messageOf(error) });
    }
    await this.#beginTrial(begun);
  }

  async #beginTrial(job: Job): Promise<void> {
    const { ports, journal } = this.#parts;
    const view = await this.look();
    if (view.running !== job.target) return this.#turnBack(job, formerRuns);
    const trial: Job = { ...job, phase: 'trial', starts: 1, trialSince: ports.clock.now() };
    const bootCount = journal.state.bootCount + 1;
    await journal.save({ job: trial, bootCount }, tellOf(job, { state: 'trial' }));
  }

  /** One self-test of the firmware on trial. */
  async #try(job: Job): Promise<void> {
    const { ports, journal, limits, signal } = this.#parts;
    const { manifest, deadlines } = job.offer;
    if (journal.running.digest !== manifest.sha256)
      return this.#turnBack(job, { ...formerRuns, message: 'what runs is not what was installed' });
    const limitMs = (job.trialSince ?? 0) + deadlines.confirm * 1_000 - ports.clock.now();
    if (limitMs <= 0) {
      const message = `not confirmed within ${deadlines.confirm} s`;
      return this.#turnBack(job, { state: 'reverted', code: 'confirm-timeout', message });
    }
    const late = new AbortController();
    const cancel = ports.clock.after(Math.min(limitMs, longestTimerMs), () =>
      late.abort(new Error('the self-test takes too long')),
    );
    const both = AbortSignal.any([signal, late.signal]);
    try {
      const verdict = await raced(ports.selfTest({ slot: job.target, manifest, limitMs }, both), both);
      if (verdict.kind === 'failed')
        return await this.#turnBack(job, { state: 'reverted', code: 'self-test-failed', message: verdict.message });
      if (verdict.kind === 'passed') {
        await raced(ports.boot.confirm(job.target), both);
        const { rollout, attempt } = job.offer;
        return await this.confirmed(manifest, job.target, { rollout, attempt });
      }
    } catch (error) {
      signal.throwIfAborted();
      ports.onTrouble?.(messageOf(error));
    } finally {
      cancel();
    }
    await sleep(ports.clock, Math.min(limits.pauseMs, limitMs), signal);
  }

  /** From here on the device goes back to what it ran before, however often it is interrupted. */
  async #turnBack(job: Job, verdict: RevertVerdict): Promise<void> {
    await this.#parts.journal.save({ job: turnedBack(job, verdict) });
  }

  /** One try to go back. After the last one it is said what became of it; the former slot is selected in any case. */
  async #goBack(job: Job): Promise<void> {
    const { ports, journal, limits, signal } = this.#parts;
    const { previous, target, offer } = job;
    const verdict = job.verdict ?? formerRuns;
    if (job.activations >= limits.activations) {
      const message = `${verdict.message}; going back did not work: ${job.trouble ?? 'it was interrupted'}`;
      return this.finish(job, { ...verdict, message: message.slice(0, 512) });
    }
    const begun: Job = { ...job, activations: job.activations + 1 };
    await journal.save({ job: begun });
    const limitMs = offer.deadlines.reboot * 1_000;
    const { version, digest } = journal.state.slots[previous] ?? { version: '0.0.0', digest: '0'.repeat(64) };
    let trouble = 'the device did not restart';
    try {
      const activation = { slot: previous, previous: target, reason: 'revert', version, digest, limitMs } as const;
      if ((await raced(ports.boot.activate(activation), signal)) === 'running') {
        await journal.save({ bootCount: journal.state.bootCount + 1 });
        return await this.finish(job, verdict);
      }
      await journal.save({ job: { ...begun, restarting: true } });
      await sleep(ports.clock, limitMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      trouble = messageOf(error).slice(0, 200);
      await sleep(ports.clock, limits.pauseMs, signal);
    }
    await journal.save({ job: { ...begun, trouble } });
  }
}
