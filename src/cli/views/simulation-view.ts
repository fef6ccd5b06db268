import type { Model } from '../../fleet/simulation/models.ts';
import type { SimulationReport } from '../../fleet/simulation/index.ts';
import { formatDuration } from '../../std/duration.ts';
import type { ListView } from '../output/output.ts';

export interface ModelReport extends SimulationReport {
  readonly model: string;
}

/** What a simulation did. */
export const simulationView: ListView<ModelReport> = {
  columns: [
    { header: 'MODEL', value: (report) => report.model, tone: () => 'accent' },
    { header: 'DEVICES', value: (report) => report.devices, align: 'right' },
    { header: 'CONNECTED', value: (report) => report.connected, align: 'right' },
    { header: 'SENT', value: (report) => report.sent, align: 'right' },
    { header: 'ACKNOWLEDGED', value: (report) => report.acknowledged, align: 'right', tone: () => 'good' },
    {
      header: 'FAILED',
      value: (report) => report.failed,
      align: 'right',
      tone: ({ failed }) => (failed > 0 ? 'bad' : 'plain'),
    },
    { header: 'COMMANDS', value: (report) => report.commands, align: 'right' },
    { header: 'P50', value: (report) => latency(report.p50), align: 'right' },
    { header: 'P99', value: (report) => latency(report.p99), align: 'right' },
    { header: 'RECONNECTS', value: (report) => report.reconnects, align: 'right', wide: true },
    { header: 'TIME', value: (report) => formatDuration(report.elapsedMs), align: 'right', wide: true },
  ],
  json: ({
    model,
    devices,
    connected,
    sent,
    acknowledged,
    failed,
    commands,
    firmware,
    reconnects,
    p50,
    p99,
    elapsedMs,
  }) => ({
    model,
    devices,
    connected,
    sent,
    acknowledged,
    failed,
    commands,
    ...(firmware === undefined ? {} : { firmware }),
    reconnects,
    latencyMs: { p50: rounded(p50), p99: rounded(p99) },
    elapsedMs,
  }),
  name: (report) => report.model,
};

/** The same of devices with firmware. */
export const firmwareSimulationView: ListView<ModelReport> = {
  ...simulationView,
  columns: [
    ...simulationView.columns.slice(0, 3),
    { header: 'FIRMWARE', value: ({ firmware }) => firmwareCounts(firmware) },
    ...simulationView.columns.slice(3),
  ],
};

/** The built-in models. */
export const modelView: ListView<Model> = {
  columns: [
    { header: 'MODEL', value: (model) => model.name, tone: () => 'accent' },
    { header: 'EVERY', value: (model) => formatDuration(model.intervalSeconds * 1_000), align: 'right' },
    { header: 'SUMMARY', value: (model) => model.summary },
    { header: 'FIELDS', value: (model) => Object.keys(model.fields).join(', '), wide: true },
    { header: 'COMMANDS', value: (model) => Object.keys(model.commands).join(', '), wide: true },
  ],
  json: ({ name, summary, intervalSeconds, fields, commands, settings }) => ({
    name,
    summary,
    intervalSeconds,
    fields,
    commands: Object.fromEntries(Object.entries(commands).map(([command, { summary: does }]) => [command, does])),
    settings: Object.fromEntries(
      Object.entries(settings).map(([setting, { summary: sets, minimum, maximum, default: initial }]) => [
        setting,
        { summary: sets, minimum, maximum, default: initial },
      ]),
    ),
  }),
  name: (model) => model.name,
};

/** `870 confirmed, 20 bricked`. */
function firmwareCounts(counts: SimulationReport['firmware']): string | undefined {
  if (counts === undefined) return undefined;
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return sorted.map(([state, devices]) => `${devices} ${state}`).join(', ');
}

function latency(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Number(ms.toFixed(2));
}
