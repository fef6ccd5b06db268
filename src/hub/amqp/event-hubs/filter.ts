import { AmqpDescribed, type AmqpMap } from '../codec/values.ts';

/** Where a reader wants to begin: with the message of a number, of a time (Unix milliseconds), or with the next one. */
export type StartPosition = { readonly sequenceNumber: number } | { readonly time: number } | 'latest';

const selectorName = 'apache.org:selector-filter:string';
/** Two names of the same: that of today's SDKs and the one of the first. */
const timeNames: ReadonlySet<string> = new Set(['x-opt-enqueued-time', 'x-opt-enqueuedtimeutc']);
const numberNames: ReadonlySet<string> = new Set(['x-opt-offset', 'x-opt-sequence-number']);
const pattern = /^\s*amqp\.annotation\.([\w-]+)\s*(>=?)\s*(?:'([^']*)'|"([^"]*)"|(\S+))\s*$/;
/** An offset is the decimal text of the sequence number, so that one comparison serves both. */
const numberPattern = /^-?\d{1,16}$/;

/**
 * Reads the filter of a receiver's source; the oldest message when there is none. Undefined when it cannot be understood.
 * Source: service.md §9.6.
 */
export function startPositionOf(filter: AmqpMap): StartPosition | undefined {
  if (filter.size === 0) return { sequenceNumber: 0 };
  const entry = filter.get(selectorName) ?? [...filter.values()][0];
  const text = entry instanceof AmqpDescribed ? entry.value : entry;
  return typeof text === 'string' ? parseSelector(text) : undefined;
}

/** Reads `amqp.annotation.x-opt-offset > '12'` and its like; values in quotes or bare. Undefined when it is something else. */
export function parseSelector(text: string): StartPosition | undefined {
  const [, name = '', operator, single, double, bare] = pattern.exec(text) ?? [];
  const value = single ?? double ?? bare;
  if (value === undefined) return undefined;
  if (numberNames.has(name)) {
    if (value === '@latest') return 'latest';
    const sequenceNumber = wholeNumber(value);
    if (sequenceNumber === undefined) return undefined;
    return { sequenceNumber: Math.max(operator === '>=' ? sequenceNumber : sequenceNumber + 1, 0) };
  }
  const time = timeNames.has(name) ? wholeNumber(value) : undefined;
  if (time === undefined) return undefined;
  return { time: operator === '>=' ? time : time + 1 };
}

function wholeNumber(text: string): number | undefined {
  const value = numberPattern.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
