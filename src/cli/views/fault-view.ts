import { faultMeanings, type FaultRule } from '../../protocol/faults.ts';
import { formatDuration } from '../../std/duration.ts';
import type { ListView } from '../output/output.ts';
import { whenText } from './when-text.ts';

/** Faults; how long they last counts from `now`, Unix milliseconds. */
export function faultView(now: number): ListView<FaultRule> {
  return {
    columns: [
      { header: 'FAULT', value: ({ id }) => id, tone: () => 'accent' },
      { header: 'KIND', value: ({ kind }) => kind },
      { header: 'DEVICE', value: ({ device }) => device },
      { header: 'PROBABILITY', value: ({ probability }) => probability, align: 'right' },
      {
        header: 'DELAY',
        value: ({ delayMs }) => (delayMs === null ? undefined : formatDuration(delayMs)),
        align: 'right',
      },
      { header: 'STRIKES', value: ({ strikes }) => strikes, align: 'right' },
      { header: 'ENDS', value: ({ expiresAt }) => whenText(expiresAt, now) ?? 'when cleared' },
      { header: 'MEANING', value: ({ kind }) => faultMeanings[kind], wide: true },
      { header: 'ENDS AT', value: ({ expiresAt }) => expiresAt, wide: true },
    ],
    json: (rule) => rule,
    name: ({ id }) => id,
    empty: 'the hub makes no faults',
  };
}
