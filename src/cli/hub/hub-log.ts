import type { HubLog } from '../../hub/index.ts';
import type { Notes } from '../output/notes.ts';

type Level = 'debug' | 'info' | 'warn' | 'error';
const order: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/** The hub's log on stderr: words for a person at a terminal (warnings, unless more is asked for), JSON lines elsewhere. */
export async function createHubLog(notes: Notes, level: Level | undefined): Promise<HubLog> {
  if (notes.isTTY) return readableLog(notes, level ?? 'warn');
  const { pino } = await import('pino');
  const logger = pino({ level: level ?? 'info', base: null }, { write: (line: string) => notes.info(line.trimEnd()) });
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function readableLog(notes: Notes, level: Level): HubLog {
  const write = (of: Level, fields: object, message: string): void => {
    if (order.indexOf(of) < order.indexOf(level)) return;
    const text = `${message}${Object.entries(fields).map(describeField).join('')}`;
    if (of === 'warn' || of === 'error') notes.warn(text);
    else notes.info(text);
  };
  return {
    debug: (fields, message) => write('debug', fields, message),
    info: (fields, message) => write('info', fields, message),
    warn: (fields, message) => write('warn', fields, message),
    error: (fields, message) => write('error', fields, message),
  };
}

function describeField([name, value]: [string, unknown]): string {
  const text = value instanceof Error ? value.message : typeof value === 'string' ? value : JSON.stringify(value);
  return `  ${name}=${text}`;
}
