import { safeText } from './safe-text.ts';

/** A value as one safe line for a person: nothing for null, ISO time for a date, JSON for objects. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return safeText(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  return safeText(JSON.stringify(value) ?? '');
}
