import { Failure } from '../../errors/index.ts';
import { agentDeviceId } from '../agent/index.ts';
import { sendCommand } from '../commands/index.ts';
import { namedRows, provisionDevices } from '../provisioning/index.ts';
import { simulatedIds } from '../simulation/index.ts';
import type { JsonObject, JsonValue } from '../../std/json.ts';
import { isJsonObject } from '../../std/json.ts';
import { sleep } from '../../std/clock.ts';
import type { DemoEvent } from './events.ts';
import { averageGap, type Entry } from './journal.ts';
import type { Stage } from './stage.ts';

/** What the steps find out for each other. */
export interface Plot {
  readonly trucks: readonly string[];
  readonly pumps: readonly string[];
  readonly agent: string;
  /** The truck with the problem. */
  truck: string;
  /** Milliseconds between its messages before the command. */
  gapBefore: number;
  commands: number;
}

export interface Step {
  readonly title: string;
  /** With --keep, where the step does something else then. */
  readonly titleKept?: string;
  readonly run: (stage: Stage, plot: Plot) => AsyncGenerator<DemoEvent, void, undefined>;
}

/** At this speed a truck's five minutes are two seconds. */
const truckSpeed = 150;
const truckIntervalSeconds = 300;
const diagnosisSeconds = 30;
const pumpSpeed = 10;
/** A seed with which one truck of six has lost refrigerant. */
const demoSeed = 4;
const patienceMs = 12_000;

export function newPlot(): Plot {
  return {
    trucks: simulatedIds('truck-', 6),
    pumps: simulatedIds('pump-', 3),
    agent: agentDeviceId(),
    truck: '',
    gapBefore: 0,
    commands: 0,
  };
}

export const steps: readonly Step[] = [
  { title: 'Start a hub of its own on free ports', run: startHub },
  { title: 'Provision trucks, pumps and this machine', run: provision },
  { title: 'Connect them over MQTT with TLS', run: connect },
  { title: 'Watch live telemetry', run: watch },
  { title: 'Find the truck that is too warm', run: findProblem },
  { title: 'Make it report more often', run: changeInterval },
  { title: 'Diagnose it', run: diagnose },
  { title: 'Mark it and ask the fleet', run: mark },
  { title: 'Stop the devices and count', titleKept: 'Leave the devices running', run: count },
];

async function* startHub(stage: Stage): AsyncGenerator<DemoEvent> {
  await stage.openHub();
  const { hostName, ports } = stage.hub.running.info;
  yield verified(
    `hub ${hostName} listens: MQTT/TLS ${ports.mqtts}, MQTT ${ports.mqtt}, HTTPS ${ports.https}, HTTP ${ports.http}`,
  );
}

async function* provision(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  const { client } = stage.hub;
  const { signal } = stage.options;
  const groups: readonly (readonly [ids: readonly string[], tags: JsonObject])[] = [
    [plot.trucks, { kind: 'truck', region: 'north' }],
    [plot.pumps, { kind: 'pump', field: 'east-7' }],
    [[plot.agent], { kind: 'machine' }],
  ];
  for (const [ids, tags] of groups) {
    for await (const result of provisionDevices(client, namedRows(ids, { tags }), { signal })) {
      check(
        result.outcome === 'created',
        `${result.deviceId} was not created: ${result.outcome} ${result.reason ?? ''}`,
      );
    }
  }
  const found = await queryAll(stage, 'SELECT * FROM devices');
  const wanted = plot.trucks.length + plot.pumps.length + 1;
  check(found.length === wanted, `the hub has ${found.length} devices, not ${wanted}`);
  yield verified(
    `${wanted} devices, each with its own key: ${plot.trucks.length} trucks, ${plot.pumps.length} pumps, ${plot.agent}`,
  );
}

async function* connect(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  await stage.simulate({ model: 'refrigerated-truck', ids: plot.trucks, speed: truckSpeed, seed: demoSeed });
  await stage.simulate({ model: 'oil-pump', ids: plot.pumps, speed: pumpSpeed, seed: demoSeed });
  await stage.startAgent(plot.agent);
  const wanted = plot.trucks.length + plot.pumps.length + 1;
  const connected = await queryUntil(stage, `SELECT * FROM devices WHERE connectionState = 'Connected'`, wanted);
  yield verified(`${connected.length} devices are connected, this machine among them`);
}

/** One line of each kind of device, and every device heard. */
async function* watch(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  const { journal, options } = stage;
  const all = [...plot.trucks, ...plot.pumps, plot.agent];
  const missing = (): string[] => all.filter((id) => !journal.entries.some((entry) => entry.deviceId === id));
  const shown = new Set<string>();
  while (shown.size < all.length) {
    const entry = await journal.until(
      () => journal.entries.find(({ deviceId }) => !shown.has(deviceId)),
      patienceMs,
      () => `no telemetry from ${missing().join(', ')}`,
      options.signal,
    );
    shown.add(entry.deviceId);
    yield telemetry(entry);
  }
  const load = journal.of(plot.agent).at(-1)?.body['cpuLoad'];
  check(typeof load === 'number', `${plot.agent} sent no cpuLoad`);
  yield verified(`all ${all.length} devices were heard; ${plot.agent} sends this machine's real readings`);
}

/** Three messages give two gaps: enough to know how often it reports. */
async function* findProblem(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  const { journal, options } = stage;
  const first = journal.entries.find(
    ({ deviceId, alarm }) => plot.trucks.includes(deviceId) && alarm === 'temperature',
  );
  if (first === undefined) throw new Failure('check-failed', 'no truck raised a temperature alarm');
  plot.truck = first.deviceId;
  yield telemetry(first);
  const before = await journal.until(
    () => (journal.of(plot.truck).length >= 3 ? journal.of(plot.truck) : undefined),
    patienceMs,
    () => `${plot.truck} sent only ${journal.of(plot.truck).length} messages`,
    options.signal,
  );
  plot.gapBefore = averageGap(before);
  checkGap(plot.truck, plot.gapBefore, truckIntervalSeconds);
  yield verified(
    `${plot.truck} raises the alarm at ${word(first.body['temperature'])} °C and reports every ${seconds(plot.gapBefore)}`,
  );
}

async function* changeInterval(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  const { journal, options } = stage;
  const answer = await call(stage, plot, 'set-interval', { seconds: diagnosisSeconds });
  check(
    isJsonObject(answer) && answer['telemetryInterval'] === diagnosisSeconds,
    `${plot.truck} answered ${JSON.stringify(answer)}`,
  );
  const { length } = journal.of(plot.truck);
  const after = await journal.until(
    // The first one may have been on its way already.
    () => (journal.of(plot.truck).length >= length + 8 ? journal.of(plot.truck).slice(length + 1) : undefined),
    patienceMs,
    () => `${plot.truck} sent only ${journal.of(plot.truck).length - length} messages after the command`,
    options.signal,
  );
  const gap = averageGap(after);
  checkGap(plot.truck, gap, diagnosisSeconds);
  check(gap < plot.gapBefore / 3, `${plot.truck} reports every ${seconds(gap)}, before ${seconds(plot.gapBefore)}`);
  yield verified(
    `the command was answered, and the stream shows it: every ${seconds(gap)} instead of ${seconds(plot.gapBefore)}`,
  );
}

async function* diagnose(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  const answer = await call(stage, plot, 'diagnose', null);
  const finding = isJsonObject(answer) ? answer['finding'] : undefined;
  check(typeof finding === 'string' && finding !== 'normal', `${plot.truck} found nothing: ${JSON.stringify(answer)}`);
  const { refrigerantPercent, advice } = answer as JsonObject;
  yield verified(`${plot.truck}: ${finding} (${word(refrigerantPercent)} %); advice: ${word(advice)}`);
}

async function* mark(stage: Stage, plot: Plot): AsyncGenerator<DemoEvent> {
  await stage.hub.client.twins.patch(plot.truck, { tags: { service: 'cooling' } }, { signal: stage.options.signal });
  const condition = `tags.service = 'cooling' AND properties.reported.telemetryInterval = ${diagnosisSeconds}`;
  const [row] = await queryUntil(stage, `SELECT * FROM devices WHERE ${condition}`, 1);
  check(row?.['deviceId'] === plot.truck, `the query found ${JSON.stringify(row?.['deviceId'])}`);
  yield verified(`WHERE ${condition} → ${plot.truck}`);
}

/** Everything the devices know to be acknowledged is in the hub's log, once. */
async function* count(stage: Stage): AsyncGenerator<DemoEvent> {
  if (stage.options.keep) {
    await stage.stopJournal();
    yield verified('the devices go on, and are not counted: --keep');
    return;
  }
  const stats = await Promise.all(stage.simulations.map((simulation) => simulation.stop()));
  await stage.stopAgent();
  const summary = await stage.agentSummary;
  const acknowledged = stats.reduce((sum, { acknowledged: some }) => sum + some, summary?.delivered ?? 0);
  const failed = stats.reduce((sum, { failed: some }) => sum + some, summary?.lost ?? 0);
  check(failed === 0, `${failed} messages failed`);
  const stored = await countStored(stage);
  check(stored === acknowledged, `the hub acknowledged ${acknowledged} messages and holds ${stored}`);
  yield verified(`${acknowledged} messages were acknowledged and ${stored} are stored: none lost, none twice`);
}

async function countStored(stage: Stage): Promise<number> {
  const seen = new Set<string>();
  let messages = 0;
  const reading = stage.hub.client.telemetry.read({ from: 'earliest', follow: false, signal: stage.options.signal });
  for await (const batch of reading) {
    messages += batch.messages.length;
    for (const message of batch.messages) seen.add(`${message.partition}:${message.sequenceNumber}`);
  }
  return seen.size === messages ? messages : Number.NaN;
}

async function call(stage: Stage, plot: Plot, methodName: string, payload: JsonValue): Promise<JsonValue | undefined> {
  const request = { methodName, payload, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 0 };
  const { client } = stage.hub;
  const result = await sendCommand(client, stage.options.clock, plot.truck, request, { signal: stage.options.signal });
  if (result.failure !== undefined) throw result.failure;
  check(result.status === 200, `${plot.truck} answered ${methodName} with status ${result.status}`);
  plot.commands++;
  return result.payload;
}

async function queryAll(stage: Stage, text: string): Promise<JsonObject[]> {
  const rows: JsonObject[] = [];
  for await (const page of stage.hub.client.queries.query(text, { signal: stage.options.signal })) rows.push(...page);
  return rows;
}

/** Asks again for a moment: what devices report is on its way while they are asked. */
async function queryUntil(stage: Stage, text: string, wanted: number): Promise<JsonObject[]> {
  const { clock, signal } = stage.options;
  const limit = clock.monotonic() + 5_000;
  for (;;) {
    const rows = await queryAll(stage, text);
    if (rows.length === wanted) return rows;
    if (clock.monotonic() > limit)
      throw new Failure('check-failed', `${text} gives ${rows.length} devices, not ${wanted}`);
    await sleep(clock, 100, signal);
  }
}

/** The gap must be the virtual interval at the demo's speed, with room for a busy machine. */
function checkGap(deviceId: string, gap: number, intervalSeconds: number): void {
  const wanted = (intervalSeconds * 1_000) / truckSpeed;
  const fits = gap > wanted * 0.5 && gap < wanted * 3;
  check(fits, `${deviceId} reports every ${seconds(gap)}, not every ${seconds(wanted)}`);
}

function check(holds: boolean, seen: string): asserts holds {
  if (!holds) throw new Failure('check-failed', seen);
}

function verified(text: string): DemoEvent {
  return { kind: 'verified', text };
}

function telemetry(entry: Entry): DemoEvent {
  const { deviceId, enqueuedTime: time, body, alarm } = entry;
  return { kind: 'telemetry', deviceId, time, body, ...(alarm === undefined ? {} : { alarm }) };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** A value from a device as a word of a sentence. */
function word(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
