import type { Failure } from '../errors/index.ts';
import type { Paint } from './output/colour.ts';
import { safeJson, safeText } from './output/safe-text.ts';

export interface ReportOptions {
  /** `-o json` or `-o ndjson`: one JSON object instead of words. */
  readonly json: boolean;
  readonly debug: boolean;
  readonly paint: Paint;
  readonly version: () => string;
}

/** What stderr says about a failure: what failed and why, then what helps. A person's own Ctrl-C needs no words. */
export function describeFailure(failure: Failure, options: ReportOptions): string {
  const { kind } = failure.entry;
  if (options.json) return `${safeJson(JSON.stringify(jsonFailure(failure, options.debug)))}\n`;
  const trace = options.debug ? traceOf(failure) : '';
  if (kind === 'cancel') return trace;
  if (kind === 'bug') {
    const hint = options.debug
      ? 'report this with the trace above'
      : 'run it again with --debug and report what it says';
    return `${trace}${line('error', `a bug in iotctl ${options.version()}: ${failure.message}`, options)}${line('hint', hint, options)}`;
  }
  return (
    trace +
    line('error', failure.message, options) +
    excerptOf(failure) +
    (failure.hint === undefined ? '' : line('hint', failure.hint, options))
  );
}

function line(label: 'error' | 'hint', text: string, { paint }: ReportOptions): string {
  return `${paint(`${label}:`, label === 'error' ? 'bad' : 'dim')} ${safeText(text)}\n`;
}

/** `details.excerpt`: the lines of an input around the fault, with marks under it. */
function excerptOf({ details }: Failure): string {
  const { excerpt } = details;
  if (!Array.isArray(excerpt)) return '';
  return excerpt.map((text) => `  ${safeText(String(text))}\n`).join('');
}

function jsonFailure(failure: Failure, debug: boolean): unknown {
  const { code, message, hint, exitCode, details, retryable } = failure;
  return {
    error: {
      code,
      message,
      hint: hint ?? null,
      exitCode,
      details,
      retryable,
      ...(debug && { trace: traceLines(failure) }),
    },
  };
}

function traceOf(failure: Failure): string {
  return `${traceLines(failure).map(safeText).join('\n')}\n`;
}

function traceLines(failure: Failure): string[] {
  const lines: string[] = [];
  for (let error: unknown = failure; error instanceof Error && lines.length < 200; error = error.cause) {
    lines.push(...(error.stack ?? String(error)).split('\n'));
  }
  return lines;
}
