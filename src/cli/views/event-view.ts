import type { DeviceEvent } from '../../fleet/events/index.ts';
import { fieldsOf } from '../../fleet/telemetry/index.ts';
import type { FeedbackRecord } from '../../fleet/ports.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { StreamView, Tone } from '../output/output.ts';

/** Events in each format; `now` is Unix ms: lines of the same day show the time alone. */
export function eventView(now: number): StreamView<DeviceEvent> {
  const today = new Date(now).toISOString().slice(0, 10);
  const timeOf = ({ time }: DeviceEvent): string => (time.startsWith(today) ? time.slice(11) : time);
  return {
    columns: [
      { header: 'TIME', value: timeOf, tone: () => 'dim' },
      { header: 'DEVICE', value: nameOf, tone: () => 'accent' },
      { header: 'EVENT', value: ({ event }) => event, tone: toneOf },
      { header: 'DETAILS', value: detailsText },
    ],
    json: ({ deviceId, moduleId, time, event, source, details }) => ({
      deviceId,
      ...(moduleId === undefined ? {} : { moduleId }),
      time,
      event,
      source,
      details,
    }),
    name: nameOf,
    lead: 3,
    line: (event) => {
      const details = detailsText(event);
      const parts: (readonly [string, Tone?])[] = [
        [timeOf(event), 'dim'],
        [nameOf(event), 'accent'],
        [event.event, toneOf(event)],
      ];
      return details === '' ? parts : [...parts, [details]];
    },
  };
}

function nameOf({ deviceId, moduleId }: DeviceEvent): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

const tones: Readonly<Record<string, Tone>> = {
  connected: 'good',
  created: 'good',
  completed: 'good',
  disconnected: 'warn',
  deleted: 'warn',
  returned: 'warn',
  purged: 'warn',
  expired: 'bad',
  rejected: 'bad',
  'delivery-count-exceeded': 'bad',
};

function toneOf({ event }: DeviceEvent): Tone {
  return tones[event] ?? 'plain';
}

/** A change of a twin, and which message it is about; of the rest the word says it all. */
function detailsText({ source, details }: DeviceEvent): string {
  if (!isJsonObject(details)) return '';
  if (source === 'twinChangeEvents') return changedFields(details);
  if (source !== 'deviceMessageEvents') return '';
  const { messageId, sequenceNumber, ack, deliveryCount } = details;
  const parts: [string, JsonValue | undefined][] = [
    ['message', messageId ?? sequenceNumber],
    ['ack', ack === 'none' ? undefined : ack],
    ['returned', deliveryCount === 0 ? undefined : deliveryCount],
  ];
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${textOf(value)}`])).join(' ');
}

function changedFields({ tags, properties }: JsonObject): string {
  const { desired, reported } = isJsonObject(properties) ? properties : {};
  const parts = Object.entries({ tags, desired, reported }).flatMap(([section, content]) =>
    isJsonObject(content)
      ? fieldsOf(withoutSystem(content)).map(([name, value]) => `${section}.${name}=${textOf(value)}`)
      : [],
  );
  return parts.join(' ');
}

function withoutSystem(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !name.startsWith('$')));
}

/** Text without quotation marks where that can be misread by nobody. */
function textOf(value: JsonValue): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** What became of messages, as the back end is told. */
export const feedbackView: StreamView<FeedbackRecord> = {
  columns: [
    { header: 'TIME', value: ({ enqueuedTimeUtc }) => enqueuedTimeUtc, tone: () => 'dim' },
    { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
    { header: 'MESSAGE', value: ({ originalMessageId }) => originalMessageId },
    { header: 'OUTCOME', value: ({ statusCode }) => statusCode, tone: outcomeTone },
  ],
  json: (record) => ({ ...record }),
  name: ({ originalMessageId }) => originalMessageId,
  lead: 2,
  line: (record) => [
    [record.enqueuedTimeUtc, 'dim'],
    [record.deviceId, 'accent'],
    [record.statusCode, outcomeTone(record)],
    [record.originalMessageId === '' ? 'without a message id' : record.originalMessageId],
  ],
};

function outcomeTone({ statusCode }: FeedbackRecord): Tone {
  return statusCode === 'Success' ? 'good' : statusCode === 'Purged' ? 'warn' : 'bad';
}
