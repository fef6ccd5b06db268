import { Failure } from '../../errors/index.ts';
import { formatDuration, parseDuration } from '../../std/duration.ts';
import type { OptionDeclaration } from '../define-command.ts';

type ValueRules = Pick<OptionDeclaration, 'type' | 'choices' | 'minimum' | 'maximum'>;

const isoTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Turns the text after a flag into its declared type. `where` names the flag or variable in the message; `now` is Unix
 * milliseconds, for ages. Failure: invalid-value.
 */
export function parseValue(text: string, rules: ValueRules, where: string, now: number): string | number {
  const invalid = (expected: string): Failure =>
    new Failure('invalid-value', `${where}: "${text}" is not ${expected}`, { details: { option: where, value: text } });
  if (rules.choices !== undefined && !rules.choices.includes(text)) throw invalid(`one of ${rules.choices.join(', ')}`);
  const { type = 'string' } = rules;
  switch (type) {
    case 'integer':
      if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw invalid('a whole number');
      return inRange(Number(text), rules, invalid);
    case 'number':
      if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text) || !Number.isFinite(Number(text)))
        throw invalid('a number');
      return inRange(Number(text), rules, invalid);
    case 'duration': {
      const milliseconds = parseDuration(text);
      if (milliseconds === undefined) throw invalid('a duration such as 500ms, 30s, 10m or 1h30m');
      return inRange(milliseconds, rules, invalid);
    }
    case 'time':
      return parseTime(text, now, invalid);
    case 'port': {
      if (text === 'off') return text;
      const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
      if (!(port <= 65_535)) throw invalid('a port: 0 to 65535 (0 picks a free one), or off');
      return port;
    }
    case 'string':
      return text;
  }
}

function inRange(value: number, rules: ValueRules, invalid: (expected: string) => Failure): number {
  const { minimum, maximum } = rules;
  const low = minimum !== undefined && value < minimum;
  const high = maximum !== undefined && value > maximum;
  if (!low && !high) return value;
  const show = (bound = 0): string => (rules.type === 'duration' ? formatDuration(bound) : String(bound));
  if (minimum !== undefined && maximum !== undefined) throw invalid(`between ${show(minimum)} and ${show(maximum)}`);
  throw invalid(low ? `${show(minimum)} or more` : `${show(maximum)} or less`);
}

function parseTime(text: string, now: number, invalid: (expected: string) => Failure): number {
  // A time without a zone is the person's own: Date.parse reads it as local, a bare date as UTC.
  const time = isoTime.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  const age = text === 'now' ? 0 : parseDuration(text.replace(/^-/, ''));
  if (age === undefined) throw invalid('a time such as 2026-11-21T08:30:00Z, or an age such as 10m');
  return now - age;
}
