import { isJsonObject } from '../std/json.ts';
import { addressesOfPorts } from './hub-addresses.ts';

/** What a hub's `--ready-file` says about reaching it. */
export interface ReadyHub {
  readonly connectionString: string;
  readonly serviceUrl?: string;
  readonly deviceUrl?: string;
  readonly amqpUrl?: string;
  readonly caFile?: string;
}

/** Reads the JSON that `hub start --ready-file` writes; undefined when the text is something else, a connection string perhaps. */
export function parseReadyFile(text: string): ReadyHub | undefined {
  if (!text.startsWith('{')) return undefined;
  const ready = parseObject(text);
  const { connectionString, ports, caFile } = ready ?? {};
  if (typeof connectionString !== 'string') return undefined;
  return {
    connectionString,
    ...(isJsonObject(ports) && addressesOfPorts(ports)),
    ...(typeof caFile === 'string' && { caFile }),
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
