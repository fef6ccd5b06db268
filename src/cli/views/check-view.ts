import type { Check } from '../../fleet/doctor/index.ts';
import type { ListView, Tone } from '../output/output.ts';

/** Checks of the doctor. */
export const checkView: ListView<Check> = {
  columns: [
    { header: 'CHECK', value: ({ name }) => name, tone: () => 'accent' },
    { header: 'VERDICT', value: ({ verdict }) => verdict, tone: toneOf },
    { header: 'DETAIL', value: ({ detail }) => detail },
    { header: 'REMEDY', value: ({ remedy }) => remedy },
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

function toneOf({ verdict }: Check): Tone {
  return ({ ok: 'good', warning: 'warn', failed: 'bad', skipped: 'dim' } as const)[verdict];
}
