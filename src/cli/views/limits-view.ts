import type { ListedLimit } from '../../fleet/hub/index.ts';
import type { ListView } from '../output/output.ts';

export const limitListView: ListView<ListedLimit> = {
  columns: [
    { header: ' ', value: ({ changed }) => (changed ? '*' : ''), tone: () => 'warn' },
    { header: 'LIMIT', value: ({ name }) => name, tone: () => 'accent' },
    { header: 'VALUE', value: ({ written }) => written },
    { header: 'WHAT', value: ({ what }) => what },
    { header: 'DEFAULT', value: (limit) => limit.default, wide: true },
    { header: 'LEAST', value: ({ least }) => least, wide: true },
    { header: 'MOST', value: ({ most }) => most, wide: true },
    { header: 'UNIT', value: ({ unit }) => unit, wide: true },
    { header: 'WHY', value: ({ why }) => why, wide: true },
  ],
  json: (limit) => limit,
  name: ({ name }) => name,
  empty: 'no limits',
};
