import { succeeded, type CommandResult } from '../../fleet/commands/index.ts';
import type { DocumentView, ListView } from '../output/output.ts';

/** The answer of one device. */
export function answerView(commandName: string): DocumentView<CommandResult> {
  return {
    fields: (result) => [
      ['Device', result.deviceId, 'accent'],
      ['Command', commandName],
      ['Status', result.status, succeeded(result) ? 'good' : 'bad'],
      ['Payload', result.payload],
    ],
    json: asJson,
    name: (result) => result.deviceId,
  };
}

/** What became of a command on each of many devices. */
export const resultView: ListView<CommandResult> = {
  columns: [
    { header: 'DEVICE', value: (result) => result.deviceId, tone: () => 'accent' },
    { header: 'RESULT', value: describe, tone: (result) => (succeeded(result) ? 'good' : 'bad') },
    { header: 'STATUS', value: (result) => result.status, align: 'right' },
    { header: 'PAYLOAD', value: (result) => (result.failure === undefined ? result.payload : result.failure.message) },
    { header: 'TIME', value: (result) => `${result.durationMs}ms`, align: 'right', wide: true },
    { header: 'ATTEMPTS', value: (result) => result.attempts, align: 'right', wide: true },
  ],
  json: asJson,
  name: (result) => result.deviceId,
};

function describe(result: CommandResult): string {
  if (succeeded(result)) return 'ok';
  return result.failure === undefined ? 'failed' : result.failure.code;
}

function asJson(result: CommandResult): unknown {
  const { deviceId, status, payload, failure, attempts, durationMs } = result;
  return {
    deviceId,
    ok: succeeded(result),
    ...(status === undefined ? {} : { status, payload: payload ?? null }),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message } }),
    attempts,
    durationMs,
  };
}
