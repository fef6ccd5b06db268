import type { HubLog } from '../../hub/index.ts';
import { redact } from '../../std/redact.ts';
import type { Notes } from '../output/notes.ts';
import { safeJson } from '../output/safe-text.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
const order: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/**
 * The hub's log on stderr: words for a person at a terminal (warnings, unless more is asked for), JSON lines elsewhere: `level`,
 * `time` (ISO 8601), `msg` and the facts. Secrets are taken out of both, whoever put them in.
 */
export async function createHubLog(notes: Notes, level: Level | undefined): Promise<HubLog> {
  if (notes.isTTY) return readableLog(notes, level ?? 'warn');
  // Under --quiet, what was not asked for is left out, and trouble is not.
  const isWritten = (of: Level): boolean => level !== undefined || of === 'warn' || of === 'error';
  let current: Level = 'info';
  const { pino, stdTimeFunctions } = await import('pino');
  const logger = pino(
    {
      level: level ?? 'info',
      base: null,
      // Errors have been put into their form by then.
      serializers: { err: (error: unknown) => error },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => redact(fields) as Record<string, unknown> },
    },
    // Escaped as JSON: what notes would escape in their own way would make the line unreadable for a program.
    { write: (line: string) => notes[isWritten(current) ? 'record' : 'info'](safeJson(line.trimEnd())) },
  );
  const at =
    (of: Level) =>
    (fields: object, message: string): void => {
      current = of;
      logger[of](fields, message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function readableLog(notes: Notes, level: Level): HubLog {
  const write = (of: Level, fields: object, message: string): void => {
    if (order.indexOf(of) < order.indexOf(level)) return;
    const text = `${message}${Object.entries(redact(fields) as object)
      .map(describeField)
      .join('')}`;
    if (of === 'warn' || of === 'error') notes.warn(text);
    else notes.record(text);
  };
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}

function describeField([name, value]: [string, unknown]): string {
  return `  ${name}=${typeof value === 'string' ? value : (messageIn(value) ?? JSON.stringify(value))}`;
}

/** The words of an error, which is an object by now. */
function messageIn(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value
    ? String(value.message)
    : undefined;
}
