import type { MessageResult, PurgeOutcome, QueuedMessage } from '../../fleet/messages/index.ts';
import { readBody } from '../../fleet/telemetry/index.ts';
import type { JsonValue } from '../../std/json.ts';
import type { DocumentView, ListView, Tone } from '../output/output.ts';
import type { ChangeWords } from './outcome-view.ts';
import { whenText } from './when-text.ts';

/** The message to one device. */
export const sentMessageView: DocumentView<MessageResult> = {
  fields: (result) => [
    ['Device', result.deviceId, 'accent'],
    ['Message', result.messageId],
    ['State', stateOf(result), toneOfResult(result)],
  ],
  json: resultAsJson,
  name: ({ deviceId }) => deviceId,
};

/** What became of a message to each of many devices. */
export const messageResultView: ListView<MessageResult> = {
  columns: [
    { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
    { header: 'RESULT', value: stateOf, tone: toneOfResult },
    { header: 'MESSAGE', value: ({ messageId }) => messageId },
    { header: 'REASON', value: ({ failure }) => failure?.message },
    { header: 'TIME', value: ({ durationMs }) => `${durationMs}ms`, align: 'right', wide: true },
  ],
  json: resultAsJson,
  name: ({ deviceId }) => deviceId,
};

function stateOf({ state, failure }: MessageResult): string {
  return failure?.code ?? state;
}

function toneOfResult({ state }: MessageResult): Tone {
  return state === 'failed' ? 'bad' : state === 'delivered' ? 'good' : 'plain';
}

function resultAsJson({ deviceId, messageId, state, failure, durationMs }: MessageResult): unknown {
  return {
    deviceId,
    ok: state !== 'failed',
    messageId,
    state,
    ...(failure !== undefined && {
      error: { code: failure.code, message: failure.message },
      ...(typeof failure.details['outcome'] === 'string' && { outcome: failure.details['outcome'] }),
    }),
    durationMs,
  };
}

/** Messages of queues; `withBody` shows what they say. Ages count from `now`, Unix milliseconds. */
export function queuedMessageView(now: number, withBody: boolean): ListView<QueuedMessage> {
  return {
    columns: [
      { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
      { header: 'NUMBER', value: ({ sequenceNumber }) => sequenceNumber, align: 'right' },
      { header: 'STATE', value: stateText, tone: toneOfState },
      { header: 'ENQUEUED', value: ({ enqueuedTime }) => whenText(enqueuedTime, now), align: 'right' },
      { header: 'BYTES', value: ({ size }) => size, align: 'right', wide: withBody },
      { header: 'MESSAGE', value: ({ messageId }) => messageId ?? undefined, wide: withBody },
      { header: 'PROPERTIES', value: ({ properties }) => textOf(properties), wide: !withBody },
      ...(withBody ? [{ header: 'BODY', value: bodyText }] : []),
      { header: 'RETURNED', value: ({ deliveryCount }) => deliveryCount, align: 'right', wide: true },
      { header: 'ACK', value: ({ ack }) => ack, wide: true },
      { header: 'EXPIRES', value: ({ expiryTime }) => whenText(expiryTime, now), align: 'right', wide: true },
      { header: 'ENQUEUED AT', value: ({ enqueuedTime }) => enqueuedTime, wide: true },
    ],
    json: (message) => queuedAsJson(message, withBody),
    name: ({ deviceId, sequenceNumber }) => `${deviceId} ${sequenceNumber}`,
    empty: 'no messages',
  };
}

/** Why a dead one is dead says more than that it is. */
function stateText({ reason, state }: QueuedMessage): string {
  return reason === null ? state : reason.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function toneOfState({ state }: QueuedMessage): Tone {
  return state === 'dead' ? 'bad' : state === 'locked' ? 'warn' : 'plain';
}

function textOf(properties: QueuedMessage['properties']): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function bodyText(message: QueuedMessage): string | undefined {
  const value = bodyValue(message);
  return typeof value === 'string' || value === undefined ? value : JSON.stringify(value);
}

/** JSON as JSON, text as text, anything else as base64. */
function bodyValue({ body, contentEncoding }: QueuedMessage): JsonValue | undefined {
  if (body === null) return undefined;
  const readable = readBody({
    body: Buffer.from(body, 'base64'),
    system: contentEncoding === null ? {} : { 'content-encoding': contentEncoding },
  });
  if (readable.kind === 'binary') return body;
  return readable.kind === 'json' ? readable.value : readable.text;
}

function queuedAsJson({ body: _body, ...message }: QueuedMessage, withBody: boolean): unknown {
  return withBody ? { ...message, body: bodyValue({ body: _body, ...message }) ?? null } : message;
}

/** What became of the queues of many devices. */
export function queueOutcomeView(words: ChangeWords): ListView<PurgeOutcome> {
  return {
    columns: [
      { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
      {
        header: 'RESULT',
        value: ({ result, error }) =>
          result === 'changed' ? words.done : result === 'unchanged' ? words.already : (error?.code ?? 'failed'),
        tone: ({ result }) => (result === 'failed' ? 'bad' : result === 'changed' ? 'good' : 'dim'),
      },
      { header: 'MESSAGES', value: ({ messages }) => messages, align: 'right' },
      { header: 'REASON', value: ({ error }) => error?.message },
    ],
    json: ({ deviceId, result, messages, error }) => ({
      deviceId,
      ok: result !== 'failed',
      result: result === 'changed' ? words.done : result,
      messages,
      ...(error !== undefined && { error }),
    }),
    name: ({ deviceId }) => deviceId,
  };
}
