import { KiB, MiB, type Limit } from './limit.ts';

const byteUnits: Readonly<Record<string, number>> = { B: 1, KIB: KiB, MIB: MiB, GIB: 1_024 * MiB };
const timeUnits: Readonly<Record<string, number>> = { MS: 1, S: 1_000, M: 60_000, H: 3_600_000 };

/** Reads `2048`, `64KiB` or `8s`, whatever suits the limit; undefined for what does not, or is out of its bounds. */
export function parseLimit({ unit, least, most }: Limit, given: string | number): number | undefined {
  const match = /^(\d+)([a-z]*)$/i.exec(String(given).trim());
  if (match === null) return undefined;
  const word = (match[2] ?? '').toUpperCase();
  const units = unit === 'bytes' ? byteUnits : unit === 'milliseconds' ? timeUnits : {};
  const value = Number(match[1]) * (word === '' ? 1 : (units[word] ?? Number.NaN));
  return value >= least && value <= most ? value : undefined;
}

/** The value as {@link parseLimit} reads it, as short as it can be said exactly. */
export function formatLimit({ unit }: Pick<Limit, 'unit'>, value: number): string {
  if (unit === 'bytes')
    return (
      inUnits(value, [
        ['MiB', MiB],
        ['KiB', KiB],
      ]) ?? `${value}B`
    );
  if (unit === 'milliseconds')
    return (
      inUnits(value, [
        ['m', 60_000],
        ['s', 1_000],
      ]) ?? `${value}ms`
    );
  return String(value);
}

function inUnits(value: number, units: readonly (readonly [name: string, size: number])[]): string | undefined {
  const fitting = units.find(([, size]) => value >= size && value % size === 0);
  return fitting === undefined ? undefined : `${value / fitting[1]}${fitting[0]}`;
}
