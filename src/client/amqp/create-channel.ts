import type { Connection } from '../../config/profile.ts';
import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { FeedbackRecord, ListenRequest, ServiceChannel, UploadNotice } from './channel.ts';
import { createHubLink, type HubLinkDependencies } from './hub-link.ts';
import { createMessageSender } from './message-sender.ts';
import { receiveFrom } from './service-receiver.ts';

const feedbackAddress = '/messages/serviceBound/feedback';
const uploadsAddress = '/messages/serviceBound/filenotifications';

/** Nothing is connected before it is used. Failure `invalid-config` for an AMQP URL that cannot be used. */
export function createServiceChannel(connection: Connection, dependencies: HubLinkDependencies): ServiceChannel {
  const link = createHubLink(connection, dependencies);
  const sender = createMessageSender(link);
  const receive = (address: string, action: string, request: ListenRequest): AsyncIterable<unknown> =>
    receiveFrom({ link, ...dependencies, address, action }, request);
  return {
    send: (identity, message, signal) => sender.send(identity, message, signal),
    async *feedback(request = {}) {
      for await (const body of receive(feedbackAddress, 'read the feedback of messages', request)) {
        const records = (Array.isArray(body) ? (body as unknown[]) : [body]).flatMap(readFeedback);
        if (records.length > 0) yield records;
      }
    },
    async *uploads(request = {}) {
      for await (const body of receive(uploadsAddress, 'read the notices of uploads', request)) {
        const notice = readNotice(body);
        if (notice !== undefined) yield notice;
      }
    },
    close: () => sender.close(),
  };
}

/** The cloud has written these names with either case of the first letter. */
function members(value: JsonObject): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}

function readFeedback(value: unknown): FeedbackRecord[] {
  if (!isJsonObject(value)) return [];
  const found = members(value);
  const text = (name: string): string => textOf(found.get(name.toLowerCase()));
  return [
    {
      originalMessageId: text('originalMessageId'),
      deviceId: text('deviceId'),
      deviceGenerationId: text('deviceGenerationId'),
      statusCode: text('statusCode'),
      description: text('description'),
      enqueuedTimeUtc: text('enqueuedTimeUtc'),
    },
  ];
}

function readNotice(value: unknown): UploadNotice | undefined {
  if (!isJsonObject(value)) return undefined;
  const found = members(value);
  const text = (name: string): string => textOf(found.get(name.toLowerCase()));
  return {
    deviceId: text('deviceId'),
    blobUri: text('blobUri'),
    blobName: text('blobName'),
    lastUpdatedTime: text('lastUpdatedTime'),
    blobSizeInBytes: Number(found.get('blobsizeinbytes') ?? 0),
    enqueuedTimeUtc: text('enqueuedTimeUtc'),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
