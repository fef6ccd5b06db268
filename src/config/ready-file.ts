/** What a hub's `--ready-file` says about reaching it. */
export interface ReadyHub {
  readonly connectionString: string;
  readonly serviceUrl: string | undefined;
  readonly deviceUrl: string | undefined;
  readonly caFile: string | undefined;
}

/** Reads the JSON that `hub start --ready-file` writes; undefined when the text is something else, a connection string perhaps. */
export function parseReadyFile(text: string): ReadyHub | undefined {
  if (!text.startsWith('{')) return undefined;
  const ready = parseObject(text);
  const connectionString = ready?.['connectionString'];
  if (ready === undefined || typeof connectionString !== 'string') return undefined;
  const ports = ready['ports'];
  return {
    connectionString,
    serviceUrl: firstUrl(ports, [
      ['https', 'https://localhost'],
      ['http', 'http://127.0.0.1'],
    ]),
    deviceUrl: firstUrl(ports, [
      ['mqtts', 'mqtts://localhost'],
      ['mqtt', 'mqtt://127.0.0.1'],
    ]),
    caFile: typeof ready['caFile'] === 'string' ? ready['caFile'] : undefined,
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function firstUrl(ports: unknown, choices: readonly (readonly [name: string, origin: string])[]): string | undefined {
  if (typeof ports !== 'object' || ports === null) return undefined;
  for (const [name, origin] of choices) {
    const port = (ports as Record<string, unknown>)[name];
    if (typeof port === 'number') return `${origin}:${port}`;
  }
  return undefined;
}
