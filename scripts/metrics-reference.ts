import { metricNames } from '../src/hub/operations/metrics.ts';

/** docs/metrics.md: what a hub tells Prometheus. */
export function metricsReference(): string {
  const rows = Object.entries(metricNames).map(
    ([name, [kind, help, labels]]) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return `${[
    '# Metrics',
    '',
    'Generated from `src/hub/operations/metrics.ts` (`npm run docs`); do not edit.',
    '',
    'What a hub answers at `/metrics`, in the text format of Prometheus; how to reach it is in [operating](concepts/operating.md). Beside these it tells what every',
    'Node.js program does: `process_*` (processor time, memory, open files) and `nodejs_*` (heap, garbage collection, lag of the event loop).',
    '',
    '| name | kind | labels | says |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}
