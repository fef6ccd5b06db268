import type { DeviceState } from '../../fleet/rollout/model/observed.ts';
import type { LiveLine, Tone } from '../output/output.ts';

type States = Readonly<Partial<Record<DeviceState, number>>>;

/** The parts of a bar. Each has a sign of its own, so that it is read without colour too. */
const segments: readonly { readonly sign: string; readonly tone: Tone; readonly states: readonly DeviceState[] }[] = [
  { sign: '█', tone: 'good', states: ['succeeded', 'skipped'] },
  { sign: '▓', tone: 'accent', states: ['confirmed', 'baking'] },
  {
    sign: '▒',
    tone: 'warn',
    states: ['offered', 'deferred', 'downloading', 'staged', 'installing', 'rebooting', 'trial'],
  },
  { sign: '╳', tone: 'bad', states: ['failed', 'rejected', 'reverted', 'lost', 'recovered'] },
];

const rest = { sign: '░', tone: 'dim' } as const;

export function countIn(states: States, wanted: readonly DeviceState[]): number {
  return wanted.reduce((count, state) => count + (states[state] ?? 0), 0);
}

/** A bar of exactly `width` columns; whatever there is at all takes at least one of them. */
export function stateBar(states: States, devices: number, width: number): LiveLine {
  const counts = segments.map((segment) => countIn(states, segment.states));
  const cells = share([...counts, Math.max(0, devices - sum(counts))], width);
  return [...segments, rest].map(({ sign, tone }, index) => [sign.repeat(cells[index] ?? 0), tone] as const);
}

/** Divides cells by counts: largest remainders, and none for nothing, but one for the least of all. */
function share(counts: readonly number[], width: number): number[] {
  const total = sum(counts);
  if (total === 0) return counts.map((_, index) => (index === counts.length - 1 ? width : 0));
  const exact = counts.map((count) => (count * width) / total);
  const cells = exact.map((value, index) => ((counts[index] ?? 0) > 0 ? Math.max(1, Math.floor(value)) : 0));
  for (let left = width - sum(cells); left !== 0; left -= Math.sign(left)) {
    const step = Math.sign(left);
    let best = -1;
    for (let index = 0; index < cells.length; index++) {
      const now = cells[index] ?? 0;
      if ((counts[index] ?? 0) === 0 || (step < 0 && now <= 1)) continue;
      const need = step * ((exact[index] ?? 0) - now);
      if (best < 0 || need > step * ((exact[best] ?? 0) - (cells[best] ?? 0))) best = index;
    }
    if (best < 0) break;
    cells[best] = (cells[best] ?? 0) + step;
  }
  return cells;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
