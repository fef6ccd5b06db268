/** The table of what the SDKs could do: a row for each capability and authentication, a column for each transport. */
import type { Proof, Transport } from './sdk-test.ts';

export interface Result extends Proof {
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
}

const columns: readonly Transport[] = ['MQTT', 'MQTT-WS', 'AMQP', 'AMQP-WS', 'HTTPS'];
const startMark = '<!-- matrix: written by `npm run test:sdk:write` -->';
const endMark = '<!-- end of matrix -->';

/** A Markdown table: `yes` where every test of a cell passed, `no` where one failed, empty where the SDK has no such thing. */
export function renderMatrix(results: readonly Result[]): string {
  const rows = Map.groupBy(results, ({ capability, authentication }) => `${capability} | ${authentication}`);
  const lines = [...rows.keys()].toSorted().map((key) => {
    const cells = columns.map((column) =>
      cellOf((rows.get(key) ?? []).filter(({ transport }) => transport === column)),
    );
    return `| ${key} | ${cells.join(' | ')} |`;
  });
  const head = `| capability | authentication | ${columns.join(' | ')} |`;
  return [head, `|---|---|${columns.map(() => ':-:').join('|')}|`, ...lines].join('\n');
}

function cellOf(results: readonly Result[]): string {
  if (results.some(({ state }) => state === 'failed')) return 'no';
  if (results.some(({ state }) => state === 'passed')) return 'yes';
  return results.length > 0 ? 'skipped' : '';
}

/** The document with this table between its marks. Throws when it has no marks. */
export function replaceMatrix(document: string, matrix: string): string {
  const start = document.indexOf(startMark);
  const end = document.indexOf(endMark);
  if (start < 0 || end < start) throw new Error('docs/fidelity.md has no place for the matrix');
  return `${document.slice(0, start)}${startMark}\n\n${matrix}\n\n${document.slice(end)}`;
}

/** Test files the document names that did not run. */
export function unknownProofs(document: string, files: ReadonlySet<string>): readonly string[] {
  const named = new Set([...document.matchAll(/`(test\/sdk\/[\w./-]+\.test\.ts)`/g)].map(([, file = '']) => file));
  return [...named].filter((file) => !files.has(file));
}
