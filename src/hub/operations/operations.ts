import { healthPath, metricsPath, readyPath, type Readiness } from '../../protocol/operations.ts';
import type { Clock } from '../../std/clock.ts';
import { openMetrics, type AnsweredRequest, type Metrics } from './metrics.ts';
import { readReadiness } from './readiness.ts';
import type { OperationsSources } from './sources.ts';

/** An answer to a machine that watches the hub. */
export interface OperationsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What machines ask of a hub to know how it is. */
export interface Operations {
  /** Answers {@link metricsPath}, {@link healthPath} and {@link readyPath}; undefined for other paths. */
  answer(path: string): Promise<OperationsAnswer | undefined>;
  readiness(): Promise<Readiness>;
  answered(request: AnsweredRequest): void;
  /** From now on the hub is not ready: whoever sends work elsewhere by that can do so before the ports close. */
  stopping(): void;
}

export function createOperations(sources: OperationsSources, clock: Clock): Operations {
  let stopping = false;
  let metrics: Promise<Metrics> | undefined;
  let opened: Metrics | undefined;

  const readiness = (): Promise<Readiness> =>
    readReadiness({ ...sources.checks, running: async () => (stopping ? 'the hub is stopping' : undefined) }, clock);

  async function metricsAnswer(): Promise<OperationsAnswer> {
    metrics ??= openMetrics(sources, async () => (await readiness()).checks, clock);
    opened = await metrics;
    return { status: 200, contentType: opened.contentType, body: await opened.text() };
  }

  return {
    async answer(path) {
      if (path === metricsPath) return metricsAnswer();
      if (path === healthPath) return json(200, { status: 'ok' });
      if (path !== readyPath) return undefined;
      const state = await readiness();
      return json(state.status === 'ready' ? 200 : 503, state);
    },
    readiness,
    answered: (request) => opened?.answered(request),
    stopping: () => void (stopping = true),
  };
}

function json(status: number, body: object): OperationsAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}
