/** All that a hub has stored, through its own stream. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { HubProcess } from './hub-process.ts';

export interface StoredLine {
  readonly deviceId: string;
  readonly partition: number;
  /** The hub's own number in the partition. */
  readonly sequenceNumber: number;
  /** Unix milliseconds. */
  readonly enqueuedTime: number;
  /** As text; undefined when it is none. */
  readonly body: string | undefined;
}

export interface StoredTelemetry extends AsyncIterable<StoredLine> {
  /** Messages that the hub says are gone or cannot be read; final when the stream has ended. */
  readonly lost: number;
}

/** Reads the log from its beginning to its end. Throws when the stream is cut before the hub has said that this is the end. */
export function readStored(hub: Pick<HubProcess, 'request'>): StoredTelemetry {
  let lost = 0;
  async function* lines(): AsyncGenerator<StoredLine, void, undefined> {
    const answer = await hub.request('GET', '/iotctl/telemetry?from=earliest&follow=false');
    if (!answer.ok || answer.body === null) throw new Error(`no telemetry: ${answer.status} ${await answer.text()}`);
    const input = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>);
    let live = false;
    for await (const line of createInterface({ input })) {
      const { d, p, n, t, b, position, ...mark } = JSON.parse(line) as Record<string, unknown>;
      if (position === undefined)
        yield {
          deviceId: String(d),
          partition: Number(p),
          sequenceNumber: Number(n),
          enqueuedTime: Number(t),
          body: typeof b === 'string' ? b : undefined,
        };
      else {
        lost += Number(mark['lost'] ?? 0);
        live = mark['live'] === true;
      }
    }
    if (!live) throw new Error('the stream of telemetry was cut');
  }
  return {
    [Symbol.asyncIterator]: lines,
    get lost() {
      return lost;
    },
  };
}
