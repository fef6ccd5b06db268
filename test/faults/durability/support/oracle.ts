/** Compares what is stored with what the load process wrote down. One pass, a few numbers for each device. */
import { deviceIdOf } from '../../support/hub-process.ts';
import { proofOf, type DeviceJournal } from './journal.ts';

export interface StoredBody {
  readonly deviceId: string;
  readonly body: unknown;
}

export interface Verdict {
  readonly sent: number;
  readonly acked: number;
  /** Distinct messages found. */
  readonly stored: number;
  /** Acknowledged and not there. */
  readonly lost: number;
  /** There and never sent, or with other content than was sent. */
  readonly phantoms: number;
  /** First arrivals behind a later one of the same device. */
  readonly orderBreaks: number;
  /** Messages that are there again. */
  readonly duplicates: number;
  /** Of those, ones that had been acknowledged before they were sent again, or were never sent again. */
  readonly wrongDuplicates: number;
  /** The most of one device after one cut. */
  readonly duplicatesAtOnce: number;
}

/** The part of a verdict that every test of durability expects. */
export const unharmed = { lost: 0, phantoms: 0, orderBreaks: 0, wrongDuplicates: 0 } as const;

interface Lane {
  /** Every message below this has been seen, save those in `missing`. */
  next: number;
  last: number;
  /** The connection that what comes now was sent on, as far as duplicates tell. */
  connection: number;
  repeats: number;
  readonly missing: [from: number, to: number][];
}

export async function judge(
  stored: AsyncIterable<StoredBody>,
  journals: readonly DeviceJournal[],
  secret: string,
): Promise<Verdict> {
  const lanes = new Map(
    journals.map((journal, index) => [
      deviceIdOf(index),
      { journal, next: 0, last: -1, connection: -1, repeats: 0, missing: [] } satisfies Lane & {
        journal: DeviceJournal;
      } as Lane & { readonly journal: DeviceJournal },
    ]),
  );
  const found = { stored: 0, phantoms: 0, orderBreaks: 0, duplicates: 0, wrongDuplicates: 0, duplicatesAtOnce: 0 };
  for await (const { deviceId, body } of stored) {
    const lane = lanes.get(deviceId);
    const seq = lane === undefined ? undefined : sequenceOf(secret, deviceId, body, lane.journal.sent);
    if (lane === undefined || seq === undefined) {
      found.phantoms++;
      continue;
    }
    take(lane, seq);
    lane.last = seq;
  }
  const lost = [...lanes.values()].reduce((sum, lane) => sum + lostOf(lane, lane.journal.acked), 0);
  const total = (of: 'sent' | 'acked'): number => journals.reduce((sum, journal) => sum + journal[of], 0);
  return { sent: total('sent'), acked: total('acked'), lost, ...found };

  function take(lane: Lane & { readonly journal: DeviceJournal }, seq: number): void {
    if (seq >= lane.next) {
      if (seq > lane.next) lane.missing.push([lane.next, seq]);
      lane.next = seq + 1;
      found.stored++;
    } else if (takeMissing(lane, seq)) {
      found.stored++;
      found.orderBreaks++;
    } else {
      found.duplicates++;
      if (!isResent(lane, seq)) found.wrongDuplicates++;
      found.duplicatesAtOnce = Math.max(found.duplicatesAtOnce, lane.repeats);
    }
  }
}

/** The number of a message that was sent just like this; undefined for any other. */
function sequenceOf(secret: string, deviceId: string, body: unknown, sent: number): number | undefined {
  if (typeof body !== 'string') return undefined;
  try {
    const { dev, boot, seq, sha } = JSON.parse(body) as Record<string, unknown>;
    if (dev !== deviceId || typeof boot !== 'number' || typeof seq !== 'number') return undefined;
    return seq < sent && sha === proofOf(secret, dev, boot, seq) ? seq : undefined;
  } catch {
    return undefined;
  }
}

/** A duplicate is right when a connection sent it again; one that goes back in the sequence belongs to a later connection. */
function isResent(lane: Lane & { readonly journal: DeviceJournal }, seq: number): boolean {
  const { resent } = lane.journal;
  if (lane.connection < 0 || seq <= lane.last) {
    lane.repeats = 0;
    lane.connection = resent.findIndex(([from, to], index) => index > lane.connection && seq >= from && seq < to);
    if (lane.connection < 0) {
      lane.connection = resent.length;
      return false;
    }
  }
  lane.repeats++;
  const range = resent[lane.connection];
  return range !== undefined && seq >= range[0] && seq < range[1];
}

function takeMissing(lane: Lane, seq: number): boolean {
  const index = lane.missing.findIndex(([from, to]) => seq >= from && seq < to);
  const range = lane.missing[index];
  if (range === undefined) return false;
  const [from, to] = range;
  const parts: [number, number][] = [
    [from, seq],
    [seq + 1, to],
  ];
  lane.missing.splice(index, 1, ...parts.filter(([begin, end]) => begin < end));
  return true;
}

function lostOf(lane: Lane, acked: number): number {
  const holes = lane.missing.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, acked) - from), 0);
  return holes + Math.max(0, acked - lane.next);
}
