import type { QueryService } from '../services.ts';
import { collection, type ConfigurationRecord } from './configuration-record.ts';
import { evaluateAll, type EvaluationParts } from './evaluate.ts';
import { measure } from './metrics.ts';

/** Soon after a change, and again and again for devices that begin to match. Source: service.md §7.5. */
const soonMs = 100;
const everyMs = 5 * 60_000;

export interface Evaluator {
  /** A configuration was written or deleted. */
  soon(): void;
  close(): Promise<void>;
}

export interface EvaluatorParts extends Omit<EvaluationParts, 'signal'> {
  readonly queries: QueryService;
  readonly readAll: () => Promise<ConfigurationRecord[]>;
  /** Keeps what an evaluation found, unless the configuration was written or deleted meanwhile. */
  readonly save: (before: ConfigurationRecord, found: Partial<ConfigurationRecord>) => Promise<void>;
}

/** Decides when configurations are evaluated: one evaluation at a time, none while there is no configuration. */
export function createEvaluator(parts: EvaluatorParts): Evaluator {
  const { clock, onError, readAll, save } = parts;
  const closing = new AbortController();
  let cancel: (() => void) | undefined;
  let running: Promise<void> | undefined;
  let again = false;

  function after(ms: number): void {
    cancel?.();
    cancel = clock.after(ms, () => void run(), { unref: true });
  }

  function run(): Promise<void> {
    if (running === undefined) running = runOnce();
    else again = true;
    return running;
  }

  async function runOnce(): Promise<void> {
    let keepsGoing = true;
    try {
      keepsGoing = await evaluate();
    } catch (error) {
      if (!closing.signal.aborted) onError(error);
    }
    running = undefined;
    if (closing.signal.aborted) return;
    if (again) after(soonMs);
    else if (keepsGoing) after(everyMs);
    again = false;
  }

  /** Answers whether there is anything to look at again. */
  async function evaluate(): Promise<boolean> {
    const configurations = await readAll();
    const counts = await evaluateAll({ ...parts, signal: closing.signal }, configurations);
    for (const configuration of configurations) {
      if (closing.signal.aborted) return false;
      const results = await measure(parts.queries, configuration, counts);
      await save(configuration, { ...results, evaluated: true });
    }
    return configurations.length > 0;
  }

  async function begin(): Promise<void> {
    const count = await parts.store.documents.count(collection);
    if (count > 0 && !closing.signal.aborted) after(soonMs);
  }
  begin().catch(onError);

  return {
    soon() {
      if (running === undefined) after(soonMs);
      else again = true;
    },
    async close() {
      closing.abort(new Error('the hub is stopping'));
      cancel?.();
      await running;
    },
  };
}
