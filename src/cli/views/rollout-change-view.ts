import type { RolloutChange } from '../../fleet/rollout/operate/index.ts';
import type { HaltReason } from '../../fleet/rollout/model/record.ts';
import type { StreamView, Tone } from '../output/output.ts';
import { devicesText, measuredText, numberText, phaseTones } from './rollout-words.ts';

/** A change as one sentence. */
export function changeText(change: RolloutChange): readonly [text: string, tone: Tone] {
  switch (change.kind) {
    case 'phase':
      return [
        change.halt === undefined ? change.phase : `${change.phase}: ${haltText(change.halt)}`,
        phaseTones[change.phase],
      ];
    case 'wave-opened':
      return [`wave ${change.wave} is open, ${devicesText(change.devices)}`, 'accent'];
    case 'wave-closed':
      return [`wave ${change.wave} is over`, 'good'];
    case 'gate': {
      const value = change.value === undefined ? '' : ` at ${measuredText(change.value)}`;
      const control = change.control === undefined ? '' : ` (control ${measuredText(change.control)})`;
      const words = { pass: 'passed', fail: 'failed', inconclusive: 'came to no verdict' }[change.verdict];
      const tone = ({ pass: 'good', fail: 'bad', inconclusive: 'warn' } as const)[change.verdict];
      const dryRun = change.dryRun ? ', dry run' : '';
      return [`gate ${change.gate} of wave ${change.wave} ${words}${value}${control}${dryRun}`, tone];
    }
    case 'failures':
      return [
        `${change.more} more ${change.more === 1 ? 'failure' : 'failures'}: ${change.code}, ${change.count} in all`,
        'bad',
      ];
    case 'controller':
      return [`driven by ${change.holder}`, 'dim'];
    case 'progress': {
      const { summary } = change;
      const succeeded = succeededOf(change);
      return [
        `${numberText(succeeded)} of ${numberText(change.devices)} succeeded, ${numberText(summary.inProgress)} in progress, ` +
          `${numberText(summary.failures)} failed`,
        'plain',
      ];
    }
  }
}

function haltText(halt: HaltReason): string {
  switch (halt.kind) {
    case 'operator':
      return 'by an operator';
    case 'failure-limit':
      return `${halt.failures} of ${halt.decided} decided devices failed`;
    case 'gate-failed':
      return `gate ${halt.gate} of wave ${halt.wave + 1} failed`;
    case 'gate-inconclusive':
      return `gate ${halt.gate} of wave ${halt.wave + 1} came to no verdict`;
    case 'approval':
      return `wave ${halt.wave + 1} waits for approval`;
    case 'wave-unreached':
      return `no device of wave ${halt.wave + 1} could be reached`;
    case 'trouble':
      return halt.message;
  }
}

function succeededOf({ summary }: Extract<RolloutChange, { kind: 'progress' }>): number {
  return summary.waves.reduce((sum, { states }) => sum + (states.succeeded ?? 0) + (states.skipped ?? 0), 0);
}

/** What `rollout watch` tells on a pipe; the kinds are stable. */
export const changeView: StreamView<RolloutChange> = {
  columns: [
    { header: 'TIME', value: ({ time }) => time, tone: () => 'dim' },
    { header: 'KIND', value: ({ kind }) => kind, tone: () => 'accent' },
    { header: 'WHAT', value: (change) => changeText(change)[0], tone: (change) => changeText(change)[1] },
  ],
  json: changeJson,
  name: ({ kind }) => kind,
  line: (change) => [[change.time.slice(11, 19), 'dim'], changeText(change)],
};

function changeJson(change: RolloutChange): unknown {
  switch (change.kind) {
    case 'phase': {
      const { time, kind, phase, halt } = change;
      return { time, kind, phase, halt: halt === undefined ? null : haltJson(halt) };
    }
    case 'gate': {
      const { time, kind, wave, gate, verdict, dryRun, value = null, control = null } = change;
      return { time, kind, wave, gate, verdict, dryRun, value, control };
    }
    case 'progress': {
      const { time, kind, devices, summary } = change;
      const { decided, failures, inProgress, offersPerMinute, endsAt } = summary;
      return {
        time,
        kind,
        devices,
        succeeded: succeededOf(change),
        decided,
        failures,
        inProgress,
        offersPerMinute,
        endsAt: isoText(endsAt),
      };
    }
    case 'wave-opened':
    case 'wave-closed':
    case 'failures':
    case 'controller':
      return change;
  }
}

/** Waves from 1, as everywhere in what is shown. */
export function haltJson(halt: HaltReason): object {
  return 'wave' in halt ? { ...halt, wave: halt.wave + 1 } : halt;
}

/** ISO 8601 of Unix milliseconds. */
export function isoText(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
