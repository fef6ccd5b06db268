import type { Rehearsal, RehearsalChange } from '../../fleet/rollout/rehearsal/index.ts';
import { formatDuration } from '../../std/duration.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';
import { changeText, changeView, haltJson } from './rollout-change-view.ts';
import { devicesText, haltWords, numberText, shareText, standingTones } from './rollout-words.ts';

/** A rehearsal with what it was asked for. */
export interface ShownRehearsal extends Rehearsal {
  readonly faults: string;
  readonly seed: number;
}

/** A change as one sentence. */
export function rehearsalText(change: RehearsalChange): readonly [text: string, tone: Tone] {
  if (change.kind === 'approved') return [`wave ${change.wave} is approved, as a person would`, 'accent'];
  return changeText(change);
}

/** What happened when, in virtual time from the beginning. */
export const rehearsalTimelineView: ListView<RehearsalChange> = {
  columns: [
    { header: 'AFTER', value: ({ atMs }) => formatDuration(atMs), align: 'right', tone: () => 'dim' },
    { header: 'WHAT', value: (change) => rehearsalText(change)[0], tone: (change) => rehearsalText(change)[1] },
  ],
  json: timelineJson,
  name: ({ kind }) => kind,
};

function timelineJson(change: RehearsalChange): object {
  const { atMs, ...rest } = change;
  if (rest.kind === 'approved') return { atMs, kind: rest.kind, wave: rest.wave };
  const { time: _, ...shown } = changeView.json(rest) as { readonly time: string };
  return { atMs, ...shown };
}

/** How it ends. */
export const rehearsalView: DocumentView<ShownRehearsal> = {
  fields: (rehearsal) => [
    ['Outcome', outcomeText(rehearsal), standingTones[rehearsal.standing]],
    ['Takes', formatDuration(rehearsal.durationMs)],
    ['Touched', touchedText(rehearsal)],
    ['Devices', countsText(rehearsal.states)],
    ['Failures', failuresText(rehearsal), rehearsal.state.summary.failures > 0 ? 'bad' : 'plain'],
    ['Faults', `${rehearsal.faults}, seed ${rehearsal.seed}`],
    ...rehearsal.notes.map((note) => ['Simulated', note, 'dim'] as const),
  ],
  json: (rehearsal) => ({
    rollout: rehearsal.rollout,
    outcome: rehearsal.standing,
    phase: rehearsal.phase,
    halt: rehearsal.halt === undefined ? null : haltJson(rehearsal.halt),
    durationMs: rehearsal.durationMs,
    devices: rehearsal.devices,
    touched: rehearsal.touched,
    states: rehearsal.states,
    decided: rehearsal.state.summary.decided,
    failures: rehearsal.state.summary.failures,
    failuresByCode: rehearsal.state.summary.failuresByCode,
    waves: rehearsal.state.summary.waves.map(({ devices, states }, index) => ({ wave: index + 1, devices, states })),
    faults: rehearsal.faults,
    seed: rehearsal.seed,
    notes: rehearsal.notes,
    timeline: rehearsal.changes.map(timelineJson),
  }),
  name: ({ rollout }) => rollout,
};

/** `halted: 3 of 40 failed (7.5%), limit 5%`. */
export function outcomeText({ rollout, standing, halt, header, phase }: Rehearsal): string {
  if (standing === 'going') return `has not ended, ${phase}`;
  const words = halt === undefined ? '' : `: ${haltWords(rollout, halt, header.spec.policy).text}`;
  return `${standing === 'needs-person' ? 'needs a person' : standing}${words}`;
}

function touchedText({ touched, devices }: Rehearsal): string {
  const share = devices === 0 ? '' : ` (${shareText(touched / devices)})`;
  return `${numberText(touched)} of ${devicesText(devices)}${share}`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return sorted.length === 0 ? 'none' : sorted.map(([name, count]) => `${numberText(count)} ${name}`).join(', ');
}

function failuresText({ state: { summary } }: Rehearsal): string {
  return summary.failures === 0 ? 'none' : countsText(summary.failuresByCode);
}
