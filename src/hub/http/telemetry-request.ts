import { HubError } from '../../protocol/hub-errors.ts';
import { messageSources, parsePosition, type MessageSource } from '../../protocol/telemetry/index.ts';
import type { ReadOptions } from '../core/ports.ts';

const maxDevices = 1_000;

/**
 * Reads the parameters of `GET /iotctl/telemetry`: `from` (a position, `earliest`, `latest` or an ISO time; latest when absent),
 * `until` (ISO time), `follow`, `device` (ids and globs, repeatable), `source` (repeatable; telemetry when absent). Failure: HubError ArgumentInvalid.
 */
export function parseTelemetryRequest(parameters: URLSearchParams): Omit<ReadOptions, 'signal' | 'batchSize'> {
  const devices = parameters.getAll('device').filter((device) => device !== '');
  if (devices.length > maxDevices)
    throw new HubError('ArgumentInvalid', `A stream takes at most ${maxDevices} device parameters.`);
  const until = parameters.get('until');
  return {
    from: parseFrom(parameters.get('from') ?? 'latest'),
    until: until === null ? undefined : parseTime('until', until),
    follow: parseFlag('follow', parameters.get('follow')),
    devices: devices.length === 0 ? undefined : devices,
    sources: parseSources(parameters.getAll('source')),
  };
}

function parseSources(names: readonly string[]): readonly MessageSource[] {
  if (names.length === 0) return ['Telemetry'];
  const sources = messageSources.filter((source) => names.includes(source));
  if (sources.length < new Set(names).size)
    throw new HubError('ArgumentInvalid', `source must be one of ${messageSources.join(', ')}.`);
  return sources;
}

function parseFrom(text: string): ReadOptions['from'] {
  if (text === 'earliest' || text === 'latest') return text;
  return parsePosition(text) ?? { time: parseTime('from', text) };
}

function parseTime(name: string, text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new HubError('ArgumentInvalid', `${name} is neither a position nor an ISO 8601 time.`);
  return time;
}

function parseFlag(name: string, text: string | null): boolean {
  if (text === null || text === 'false') return false;
  if (text === 'true' || text === '') return true;
  throw new HubError('ArgumentInvalid', `${name} must be true or false.`);
}
