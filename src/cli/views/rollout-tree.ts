/** A rollout as a picture for a terminal: from what the records say to lines, without a clock, a terminal or colours. */
import { manifestName } from '../../protocol/firmware/manifest.ts';
import { formatDuration } from '../../std/duration.ts';
import { hasEnded, standingOf, type RolloutChange, type RolloutStatus } from '../../fleet/rollout/operate/index.ts';
import { gatesOf } from '../../fleet/rollout/model/gates.ts';
import { deviceStates } from '../../fleet/rollout/model/observed.ts';
import type { GateState, Phase, WaveState } from '../../fleet/rollout/model/record.ts';
import type { Policy } from '../../fleet/rollout/model/spec.ts';
import type { LiveLine, LiveView, Tone } from '../output/output.ts';
import { pad, textWidth, truncate } from '../output/text-width.ts';
import { changeText } from './rollout-change-view.ts';
import { countIn, stateBar } from './rollout-bar.ts';
import {
  devicesText,
  failureRateText,
  gateNumbers,
  haltWords,
  numberText,
  phaseTones,
  shareText,
  stateTones,
  waveName,
} from './rollout-words.ts';

/** One look at a rollout. */
export interface RolloutFrame {
  readonly status: RolloutStatus;
  /** The latest changes, oldest first. */
  readonly changes: readonly RolloutChange[];
  /** Unix milliseconds. */
  readonly now: number;
  /** How long nobody has renewed the lease, as this program has seen it; milliseconds. Undefined at a single look. */
  readonly leaseUnchangedMs: number | undefined;
  /** The hub cannot be reached at the moment. */
  readonly trouble?: string | undefined;
}

type Part = LiveLine[number];

interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const rolloutTree: LiveView<RolloutFrame> = { lines: rolloutLines };

const done = ['succeeded', 'skipped'] as const;
const widestBar = 40;
const widestName = 16;

/** At most as many lines as fit above the cursor; what is over and what is still to come is drawn together first. */
export function rolloutLines(frame: RolloutFrame, size: Size): LiveLine[] {
  const room = Math.max(1, size.rows - 1);
  const head = headLines(frame, size.columns);
  const foot = [...haltLines(frame), ...troubleLines(frame, size.columns), controllerLine(frame)];
  const tree = waveLines(frame, size.columns, room - head.length - foot.length - 2);
  const body = [...head, [], ...tree, [], ...foot];
  const free = room - body.length - 1;
  const story = free >= 3 ? frame.changes.slice(-Math.min(12, free - 1)).map(storyLine) : [];
  const lines = story.length === 0 ? body : [...body, [], ...story];
  return lines.slice(0, room);
}

function headLines({ status, now }: RolloutFrame, columns: number): LiveLine[] {
  const { header, state } = status;
  const devices = totalOf(status);
  const title: LiveLine = [
    [status.id, 'accent'],
    [`  ${manifestName(header.firmware.manifest)} to ${devicesText(devices)}`],
  ];
  const phase = state?.phase ?? 'running';
  const since = state === undefined ? '' : timeText((state.endedAt ?? now) - state.startedAt);
  const endsAt = phase === 'running' ? state?.summary.endsAt : undefined;
  const left = endsAt === undefined ? '' : `, about ${timeText(endsAt - now)} left`;
  const words =
    state === undefined ? 'not begun' : `${phase === 'running' ? 'running' : `${phase} after`} ${since}${left}`;
  const right: Part = [words, phaseTones[phase]];
  const numbers = numbersLine(status);
  const bar = totalBar(status, devices, columns);
  return [apart(title, right, columns), bar, ...(numbers.length === 0 ? [] : [numbers])];
}

function totalBar({ state }: RolloutStatus, devices: number, columns: number): LiveLine {
  const states = sumStates(state?.summary.waves.map((wave) => wave.states) ?? []);
  const count = countIn(states, done);
  const text = `  ${shareText(devices === 0 ? 0 : count / devices)}  ${numberText(count)}/${numberText(devices)}`;
  return [...stateBar(states, devices, Math.max(8, columns - textWidth(text) - 1)), [text]];
}

function numbersLine(status: RolloutStatus): LiveLine {
  const { state, header } = status;
  if (state === undefined) return [];
  const { summary } = state;
  const parts: Part[] = [];
  const ended = hasEnded(status);
  if (!ended) {
    parts.push([`${numberText(summary.inProgress)} in progress`]);
    parts.push([`${numberText(Math.round(summary.offersPerMinute))} offers/min`]);
  }
  parts.push([failureRateText(summary, header.spec.policy), summary.failures > 0 ? 'bad' : 'plain']);
  return parts.flatMap((part, index): Part[] => (index === 0 ? [part] : [[' · ', 'dim'], part]));
}

interface WaveRow {
  readonly index: number;
  readonly name: string;
  readonly devices: number;
  readonly state: WaveState | undefined;
  readonly isLast: boolean;
}

/** The waves as a tree; those that are over, and those that are to come, on one line each where there is no room. */
function waveLines(frame: RolloutFrame, columns: number, room: number): LiveLine[] {
  const { status } = frame;
  const rows = rowsOf(status);
  const all = rows.flatMap((row) => oneWave(row, frame, columns, true));
  if (all.length <= room) return all;
  const brief = rows.flatMap((row) => oneWave(row, frame, columns, isOpen(row)));
  if (brief.length <= room) return brief;
  const over = rows.filter(({ state }) => state?.closedAt !== undefined);
  const open = rows.filter(isOpen);
  const ahead = rows.filter(({ state }) => state === undefined);
  const lines = [
    ...(over.length === 0 ? [] : [together(over, '✓', 'good', 'over')]),
    ...open.flatMap((row) => oneWave(row, frame, columns, true)),
    ...ahead.slice(0, 1).flatMap((row) => oneWave(row, frame, columns, false)),
    ...(ahead.length < 2 ? [] : [together(ahead.slice(1), '○', 'dim', 'to come')]),
  ];
  return lines.slice(0, Math.max(1, room));
}

function isOpen({ state }: WaveRow): boolean {
  return state !== undefined && state.closedAt === undefined;
}

function rowsOf({ header, state }: RolloutStatus): WaveRow[] {
  const { policy } = header.spec;
  return header.waveEnds.map((end, index) => ({
    index,
    name: nameOf(policy, index),
    devices: state?.summary.waves[index]?.devices ?? end - (header.waveEnds[index - 1] ?? 0),
    state: state?.waves[index],
    isLast: index === header.waveEnds.length - 1,
  }));
}

/** Sizes count all devices up to a wave. */
function nameOf(policy: Policy, index: number): string {
  const name = waveName(policy, index);
  return /^[\d.]+%?$/.test(name) ? `to ${name}` : name;
}

function together(rows: readonly WaveRow[], mark: string, tone: Tone, word: string): LiveLine {
  const [first, last] = [rows.at(0), rows.at(-1)];
  const numbers =
    first === last
      ? `wave ${(first?.index ?? 0) + 1}`
      : `waves ${(first?.index ?? 0) + 1} to ${(last?.index ?? 0) + 1}`;
  const devices = rows.reduce((sum, row) => sum + row.devices, 0);
  return [
    [mark, tone],
    [` ${numbers} ${word}, ${devicesText(devices)}`, 'dim'],
  ];
}

/** A wave: its line, the states of its devices, and its gates. */
function oneWave(row: WaveRow, { status, now }: RolloutFrame, columns: number, inFull: boolean): LiveLine[] {
  const { state, header } = status;
  const { policy } = header.spec;
  const names = rowsOf(status).map(({ name }) => textWidth(name));
  const nameWidth = Math.min(widestName, Math.max(...names));
  const digits = String(header.waveEnds.length).length;
  const states = state?.summary.waves[row.index]?.states ?? {};
  const total = numberText(row.devices);
  const count = pad(`${numberText(countIn(states, done))}/${total}`, 2 * widthOfLargest(status) + 1, 'right');
  const lead = `${pad(String(row.index + 1), digits, 'right')} ${pad(truncate(row.name, nameWidth), nameWidth)} `;
  const barWidth = Math.max(6, Math.min(widestBar, Math.floor(columns / 3)));
  const [mark, tone] = markOf(row, status);
  const note = noteOf(row, status, now);
  const line: LiveLine = [
    [`${mark} `, tone],
    [lead, row.state === undefined ? 'dim' : 'plain'],
    ...stateBar(states, row.devices, barWidth),
    [` ${count}`],
    ...(note === undefined ? [] : [['  ', 'plain'] as const, note]),
  ];
  if (!inFull || row.state === undefined) return [line];
  const indent = ' '.repeat(textWidth(lead) + 2);
  const shown = isOpen(row) ? statesLines(states, indent, columns) : [];
  const { gates } = row.state;
  const width = Math.min(widestName, Math.max(...gates.map((gate) => textWidth(gate.name))));
  const specs = gatesOf(policy, row.index);
  const isSettled = row.state.settledAt !== undefined;
  return [line, ...shown, ...gates.map((gate) => gateLine(gate, specs, { indent, width, isSettled }))];
}

function widthOfLargest(status: RolloutStatus): number {
  return Math.max(...rowsOf(status).map(({ devices }) => numberText(devices).length));
}

function markOf(row: WaveRow, { state }: RolloutStatus): readonly [string, Tone] {
  if (row.state?.closedAt !== undefined) return ['✓', 'good'];
  if (row.state === undefined) return ['○', 'dim'];
  return phaseMarks[state?.phase ?? 'running'];
}

const running = ['▶', 'accent'] as const;
const phaseMarks: Readonly<Record<Phase, readonly [string, Tone]>> = {
  running,
  completed: running,
  paused: ['‖', 'warn'],
  aborting: ['◀', 'warn'],
  reverting: ['◀', 'warn'],
  aborted: ['✗', 'bad'],
  reverted: ['✗', 'bad'],
};

/** What a wave waits for, or how long it took. */
function noteOf(row: WaveRow, status: RolloutStatus, now: number): Part | undefined {
  const { header, intent } = status;
  if (row.state?.closedAt !== undefined) return [timeText(row.state.closedAt - row.state.openedAt), 'dim'];
  if (row.state !== undefined) return hasEnded(status) ? undefined : [timeText(now - row.state.openedAt), 'dim'];
  const wave = header.spec.policy.waves[row.index];
  if (wave?.approval !== true) return undefined;
  return intent.approved.includes(row.index) ? ['approved', 'good'] : ['needs approval', 'warn'];
}

/** `12 baking, 3 downloading`, on as many lines as it takes, in the order of a device's way. */
function statesLines(states: Readonly<Record<string, number>>, indent: string, columns: number): LiveLine[] {
  const parts = deviceStates
    .filter((state) => (states[state] ?? 0) > 0)
    .map((state): Part => [`${numberText(states[state] ?? 0)} ${state}`, stateTones[state]]);
  const lines: Part[][] = [];
  let width = Number.POSITIVE_INFINITY;
  for (const part of parts) {
    const wanted = textWidth(part[0]) + 2;
    if (width + wanted > columns) {
      lines.push([[indent]]);
      width = textWidth(indent) - 2;
    } else lines.at(-1)?.push([', ', 'dim']);
    lines.at(-1)?.push(part);
    width += wanted;
  }
  return lines;
}

const verdictWords = {
  pass: ['passed', 'good'],
  fail: ['failed', 'bad'],
  inconclusive: ['unclear', 'warn'],
} as const satisfies Record<string, Part>;

function gateLine(
  gate: GateState,
  specs: ReturnType<typeof gatesOf>,
  { indent, width, isSettled }: { readonly indent: string; readonly width: number; readonly isSettled: boolean },
): LiveLine {
  const spec = specs.find(({ name }) => name === gate.name);
  const [word, tone]: Part = gate.verdict === undefined ? ['measuring', 'accent'] : verdictWords[gate.verdict];
  const name: Part = [`${pad(truncate(gate.name, width), width)}  `];
  if (!isSettled && gate.measured === 0) return [[`${indent}└ `, 'dim'], name, ['when all devices are decided', 'dim']];
  const counted = spec === undefined ? `${gate.measured}` : `${gate.measured}/${spec.count}`;
  const bad = gate.failed > 0 ? `, ${gate.failed} failed` : '';
  return [
    [`${indent}└ `, 'dim'],
    name,
    [pad(word, 9), tone],
    [`  ${gateNumbers(gate, spec)}`],
    [`  ${counted}${bad}${gate.dryRun ? ', dry run' : ''}`, 'dim'],
  ];
}

/** Why it does not go on, and what helps. */
function haltLines({ status }: RolloutFrame): LiveLine[] {
  const { id, header, state, intent } = status;
  if (state?.halt === undefined || hasEnded(status)) return [];
  const { text, commands } = haltWords(id, state.halt, header.spec.policy);
  if (standingOf(intent, state) === 'going') return [[[`${text}; an operator has answered`, 'accent']], []];
  const width = Math.max(...commands.map(([command]) => textWidth(command)));
  return [
    [[`‖ ${text}`, 'bad']],
    ...commands.map(([command, does]): LiveLine => [
      [`  ${pad(command, width)}`, 'accent'],
      [`  ${does}`, 'dim'],
    ]),
    [],
  ];
}

function troubleLines({ status: { state } }: RolloutFrame, columns: number): LiveLine[] {
  if (state === undefined) return [];
  const { failuresByCode, blocked } = state.summary;
  const cannot = state.cannotReturn.length;
  return [
    ...countsLine('failures', failuresByCode, 'bad', columns),
    ...countsLine('blocked ', blocked, 'warn', columns),
    ...(cannot === 0 ? [] : [[[`${devicesText(cannot)} cannot return to what they ran before`, 'warn'] as const]]),
  ];
}

function countsLine(
  label: string,
  counts: Readonly<Partial<Record<string, number>>>,
  tone: Tone,
  columns: number,
): LiveLine[] {
  const sorted = Object.entries(counts)
    .map(([name, count]) => [name, count ?? 0] as const)
    .filter(([, count]) => count > 0)
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  if (sorted.length === 0) return [];
  const text = sorted.map(([name, count]) => `${name} ${numberText(count)}`).join(', ');
  return [
    [
      [`${label} `, 'dim'],
      [truncate(text, columns - label.length - 1), tone],
    ],
  ];
}

function controllerLine({ status, leaseUnchangedMs, trouble }: RolloutFrame): LiveLine {
  if (trouble !== undefined) return [[`the hub does not answer: ${trouble}; still trying`, 'warn']];
  if (hasEnded(status)) return [[`plan ${status.header.planDigest.slice(0, 12)}`, 'dim']];
  const { lease } = status;
  if (lease === undefined) return [['no controller has taken it yet', 'warn']];
  if (leaseUnchangedMs === undefined) return [[`driven by ${lease.holder}`, 'dim']];
  if (leaseUnchangedMs > lease.ttlMs)
    return [
      [`no sign of the controller ${lease.holder} for ${timeText(leaseUnchangedMs)}: `, 'warn'],
      [`iotctl controller run`, 'accent'],
    ];
  return [[`driven by ${lease.holder}, seen ${timeText(leaseUnchangedMs)} ago`, 'dim']];
}

function storyLine(change: RolloutChange): LiveLine {
  const [text, tone] = changeText(change);
  return [[change.time.slice(11, 19), 'dim'], ['  '], [text, tone]];
}

function apart(left: LiveLine, right: Part, columns: number): LiveLine {
  const used = left.reduce((sum, [text]) => sum + textWidth(text), 0) + textWidth(right[0]);
  return [...left, [' '.repeat(Math.max(2, columns - used))], right];
}

function sumStates(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const states of all)
    for (const [state, count] of Object.entries(states)) total[state] = (total[state] ?? 0) + count;
  return total;
}

/** Devices of all waves, with those that joined since. */
function totalOf({ header, state }: RolloutStatus): number {
  return state === undefined
    ? (header.waveEnds.at(-1) ?? 0)
    : state.summary.waves.reduce((sum, wave) => sum + wave.devices, 0);
}

/** A duration without fractions of a second. */
function timeText(ms: number): string {
  return formatDuration(Math.max(0, Math.round(ms / 1_000)) * 1_000).replace(/^0ms$/, '0s');
}
