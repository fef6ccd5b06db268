import type { Check } from '../../fleet/doctor/index.ts';
import type { ListView, Tone } from '../output/output.ts';

/** Checks of the doctor. With `told`, what is wrong is told in full beside the table, which leaves the details more room. */
export function checkView(told: boolean): ListView<Check> {
  return {
    columns: [
      { header: 'CHECK', value: ({ name }) => name, tone: () => 'accent' },
      { header: 'VERDICT', value: ({ verdict }) => verdict, tone: toneOf },
      { header: 'DETAIL', value: ({ detail }) => detail },
      { header: 'REMEDY', value: ({ remedy }) => remedy, wide: told },
    ],
    json: ({ name, verdict, detail, remedy, code }) => ({
      name,
      verdict,
      detail,
      remedy,
      ...(code !== undefined && { code }),
    }),
    name: ({ name }) => name,
  };
}

function toneOf({ verdict }: Check): Tone {
  return ({ ok: 'good', warning: 'warn', failed: 'bad', skipped: 'dim' } as const)[verdict];
}
