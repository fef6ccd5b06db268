import type { TelemetryMessage } from '../../../protocol/telemetry/index.ts';
import type { Gate } from '../model/spec.ts';
import { selectFields } from '../../telemetry/index.ts';
import type { Hub, TelemetryRequest } from '../../ports.ts';
import { createTally, type Tally } from './tally.ts';
import type { GatePorts, Reading } from './subject.ts';

type TelemetryGate = NonNullable<Gate['telemetry']>;

interface Groups {
  readonly updated: readonly string[];
  readonly control: readonly string[];
}

/** The names of the devices travel in the address of the stream; more are told apart here. */
const mostNamed = 50;

/** A p95 of fewer values is only their largest one. */
const fewestOfP95 = 20;

/**
 * An aggregate over what the devices have sent in the last `over` seconds, in one pass and with as much memory however much that is.
 * There is one read of a hub at a time; others wait. Failures: those of the telemetry stream.
 */
export async function readTelemetryAggregate(
  gate: TelemetryGate,
  groups: Groups,
  { hub, clock }: Pick<GatePorts, 'hub' | 'clock'>,
  signal?: AbortSignal,
): Promise<Reading> {
  return inTurn(hub, async () => {
    signal?.throwIfAborted();
    const until = clock.now();
    const request: TelemetryRequest = {
      from: { time: until - gate.over * 1_000 },
      until,
      follow: false,
      ...deviceFilter(groups),
      ...(signal && { signal }),
    };
    const updated = { ids: new Set(groups.updated), tally: createTally() };
    const control = { ids: new Set(groups.control), tally: createTally() };
    let lost = 0;
    for await (const batch of hub.telemetry.read(request)) {
      lost += batch.lost;
      for (const message of batch.messages) {
        if (updated.ids.has(message.deviceId)) count(updated.tally, gate, message);
        else if (control.ids.has(message.deviceId)) count(control.tally, gate, message);
      }
    }
    if (lost > 0) return { note: `the hub no longer keeps ${lost} of the messages` };
    return readingOf(gate, groups, updated.tally, control.tally);
  });
}

function deviceFilter({ updated, control }: Groups): Pick<TelemetryRequest, 'devices'> {
  const named = [...updated, ...control];
  // An id with a star would be read as a pattern; it matches too much then, which is sorted out here.
  return named.length <= mostNamed ? { devices: named } : {};
}

function count(tally: Tally, { field, aggregate }: TelemetryGate, message: TelemetryMessage): void {
  if (field === undefined) {
    tally.message();
    return;
  }
  const [[, value] = []] = selectFields(message, [field]);
  if (value === undefined || value === null) return;
  tally.message();
  if (aggregate !== 'count' && aggregate !== 'rate') tally.value(value);
}

function readingOf(gate: TelemetryGate, groups: Groups, updated: Tally, control: Tally): Reading {
  const value = valueOf(gate, updated, groups.updated.length);
  const hasControl = groups.control.length > 0;
  // A count grows with the group, so that of the control group is brought to the same size.
  const scale = gate.aggregate === 'count' ? groups.updated.length / Math.max(1, groups.control.length) : 1;
  const compared = hasControl ? valueOf(gate, control, groups.control.length) : undefined;
  const notes = [
    value === undefined && `too few values: ${updated.values}${fewest(gate)}`,
    hasControl && compared === undefined && `too few values to compare with: ${control.values}${fewest(gate)}`,
    updated.ignored > 0 && `${updated.ignored} values were no numbers`,
  ].filter((note) => note !== false);
  return {
    ...(value !== undefined && { value }),
    ...(compared !== undefined && { control: compared * scale }),
    ...(notes.length > 0 && { note: notes.join('; ') }),
  };
}

function fewest({ aggregate }: TelemetryGate): string {
  return aggregate === 'p95' ? ` of at least ${fewestOfP95}` : '';
}

function valueOf({ aggregate, over }: TelemetryGate, tally: Tally, devices: number): number | undefined {
  switch (aggregate) {
    case 'count':
      return tally.messages;
    case 'rate':
      return tally.messages / devices / (Math.max(1, over) / 60);
    case 'avg':
      return tally.average();
    case 'min':
      return tally.least();
    case 'max':
      return tally.most();
    case 'p95':
      return tally.values < fewestOfP95 ? undefined : tally.quantile(0.95);
  }
}

const turns = new WeakMap<Hub['telemetry'], Promise<unknown>>();

/** One after another for each hub: a read goes through all that was sent, and several at once would only slow each other down. */
async function inTurn<Result>(hub: Pick<Hub, 'telemetry'>, work: () => Promise<Result>): Promise<Result> {
  const before = turns.get(hub.telemetry) ?? Promise.resolve();
  const mine = before.then(work, work);
  turns.set(
    hub.telemetry,
    mine.catch(() => undefined),
  );
  return mine;
}
