import type { JsonValue } from '../../std/json.ts';
import { numberSetting, type Setting } from '../settings.ts';
import { allMetrics, isMetric, type Metric } from './readings.ts';

/** What an agent does now. */
export interface AgentState {
  intervalSeconds: number;
  metrics: readonly Metric[];
}

/** Seconds between readings. */
export const agentInterval = { minimum: 1, maximum: 86_400 } as const;

/** The desired properties `telemetryInterval` and `metrics`. */
export function agentSettings(
  state: AgentState,
  initial: Readonly<AgentState>,
  changed: () => void,
): readonly Setting[] {
  const setMetrics = (metrics: readonly Metric[]): void => {
    state.metrics = metrics;
    changed();
  };
  return [
    numberSetting({
      name: 'telemetryInterval',
      ...agentInterval,
      default: initial.intervalSeconds,
      unit: 'seconds',
      set: (seconds) => {
        state.intervalSeconds = seconds;
        changed();
      },
      get: () => state.intervalSeconds,
    }),
    {
      name: 'metrics',
      problem: metricsProblem,
      apply: (value) => setMetrics(metricList(value)),
      reset: () => setMetrics(initial.metrics),
      current: () => [...state.metrics],
    },
  ];
}

function metricsProblem(value: JsonValue): string | undefined {
  const list = metricList(value);
  if (Array.isArray(value) && value.length === list.length && list.length > 0) return undefined;
  return `metrics must be a list of ${allMetrics.join(', ')}`;
}

function metricList(value: JsonValue): readonly Metric[] {
  return Array.isArray(value) ? [...new Set(value.filter(isMetric))] : [];
}
