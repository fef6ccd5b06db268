import type { BootView } from './ports.ts';
import { withFinished, type InstallerState, type Job, type RevertVerdict, type Told } from './state.ts';

/** A clock that was set meanwhile says nothing about how long a trial has lasted; no deadline is longer than a year. */
const unlikelyMs = 31_536_000_000;

interface Resumed {
  readonly change: Partial<InstallerState>;
  /** What is reported at the start. */
  readonly told: Told;
}

export interface ResumeFacts {
  /** Starts of the machine that a trial may have. */
  readonly starts: number;
  /** Of what runs, SHA-256 in hexadecimal. */
  readonly digest: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Where a device goes on after a start, by what it remembers and by what runs. Pure: the caller writes it down. */
export function resume(state: InstallerState, view: BootView, facts: ResumeFacts): Resumed {
  const isRestart = view.bootId !== state.bootId;
  const counted = { bootId: view.bootId, bootCount: state.bootCount + (isRestart ? 1 : 0) };
  const { job, last } = state;
  if (job === undefined) return { change: counted, told: stillConfirmed(state, facts.digest) };
  const told = (words: Omit<Told, 'rollout' | 'attempt'>): Told => ({
    rollout: job.offer.rollout,
    attempt: job.offer.attempt,
    ...words,
  });
  const goOn = (next: Job, words = last): Resumed => ({ change: { ...counted, job: next }, told: words });
  switch (job.phase) {
    case 'downloading':
    case 'staged':
      // Somebody else has changed what runs: the slot to write to is another one now.
      if (view.running === job.target || view.selected === job.target)
        return { change: { ...counted, job: undefined }, told: told({ state: 'idle' }) };
      return goOn(job);
    case 'activating':
      if (view.selected !== job.target) return goOn(job);
      if (view.running !== job.target) return goOn(turnedBack(job, formerRuns));
      // Nobody knows whether an activation that was cut short has done its work, so it is done again.
      if (!isRestart && job.restarting !== true) return goOn(job);
      return goOn({ ...job, phase: 'trial', starts: 1, trialSince: facts.now }, told({ state: 'trial' }));
    case 'trial':
      return goOn(resumeTrial(job, view, facts));
    case 'reverting': {
      const isBack = view.selected === job.previous && view.running === job.previous;
      if (!isBack || !(isRestart || job.restarting === true)) return goOn(job);
      const finished = withFinished(state, job.offer.rollout, job.offer.attempt);
      return { change: { ...counted, job: undefined, finished }, told: told(job.verdict ?? formerRuns) };
    }
  }
}

/** What was confirmed may boot no more, or again: then the other firmware runs, and what was said last holds no longer. */
function stillConfirmed({ last, confirmed }: InstallerState, digest: string): Told {
  if (confirmed === undefined || confirmed.rollout !== last.rollout || confirmed.attempt !== last.attempt) return last;
  const { rollout, attempt } = confirmed;
  const runs = confirmed.digest === digest;
  if (last.state === 'confirmed' && !runs) return { rollout, attempt, ...formerRuns };
  return last.code === formerRuns.code && runs ? { rollout, attempt, state: 'confirmed' } : last;
}

function resumeTrial(job: Job, view: BootView, { starts, now }: ResumeFacts): Job {
  if (view.running !== job.target) return turnedBack(job, formerRuns);
  if (job.starts >= starts)
    return turnedBack(job, {
      state: 'reverted',
      code: 'boot-loop',
      message: `started ${starts} times without a confirmation`,
    });
  const since = job.trialSince ?? now;
  const isLikely = now >= since && now - since <= unlikelyMs;
  return { ...job, starts: job.starts + 1, trialSince: isLikely ? since : now };
}

export const formerRuns: RevertVerdict = {
  state: 'reverted',
  code: 'old-digest',
  message: 'the former firmware runs',
};

/** A job that goes back, with what will be said of it then. */
export function turnedBack(job: Job, verdict: RevertVerdict): Job {
  const { restarting: _, ...rest } = job;
  const kept = { ...verdict, message: verdict.message.slice(0, 512) };
  return { ...rest, phase: 'reverting', activations: 0, verdict: kept };
}
