/** What a benchmark is and what it answers. */
import type { Workspace } from './workspace.ts';

export type Unit =
  | 'ms'
  | 'µs'
  | 's'
  | 'MB'
  | 'KB'
  | 'bytes'
  | 'messages/s'
  | 'rows/s'
  | 'connections/s'
  /** Of one processor. */
  | '%';

/** One measured quantity: the samples in the order of their runs. */
export interface Measure {
  readonly name: string;
  readonly unit: Unit;
  readonly samples: readonly number[];
  /** What an acknowledgement of this contender promises, where messages are acknowledged. */
  readonly promised?: string;
}

/** A figure that is held against a target, or shown for comparison when it has none. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `x` for a ratio against a peer of the same run. */
  readonly unit: 'x' | Unit;
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
}

export interface CaseResult {
  readonly measures: readonly Measure[];
  readonly figures: readonly Figure[];
  /** What a reader must know to judge the figures. */
  readonly notes: readonly string[];
}

export interface CaseContext {
  readonly workspace: Workspace;
  /** Everything small: proves that the benchmark runs, its figures mean little. */
  readonly small: boolean;
  /** Tells what is going on, on standard error. */
  readonly progress: (text: string) => void;
}

export interface BenchCase {
  readonly name: string;
  readonly question: string;
  run(context: CaseContext): Promise<CaseResult>;
}

export function meets(figure: Figure): boolean | undefined {
  if (figure.target === undefined) return undefined;
  return 'atMost' in figure.target ? figure.value <= figure.target.atMost : figure.value >= figure.target.atLeast;
}
