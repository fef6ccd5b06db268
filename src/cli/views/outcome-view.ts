import type { DeviceOutcome } from '../../fleet/devices/index.ts';
import type { ListView, Tone } from '../output/output.ts';

/** How a change is told: `delete`, `deleted`, `deleted already`. */
export interface ChangeWords {
  readonly infinitive: string;
  readonly done: string;
  readonly already: string;
}

/** What became of each of many devices. */
export function outcomeView(words: ChangeWords): ListView<DeviceOutcome> {
  return {
    columns: [
      { header: 'DEVICE', value: ({ deviceId }) => deviceId, tone: () => 'accent' },
      { header: 'RESULT', value: (outcome) => resultText(outcome, words), tone: toneOf },
      { header: 'REASON', value: ({ error }) => error?.message },
    ],
    json: ({ deviceId, result, error }) => ({
      deviceId,
      ok: result !== 'failed',
      result: result === 'changed' ? words.done : result,
      ...(result === 'planned' && { dryRun: true }),
      ...(error !== undefined && { error }),
    }),
    name: ({ deviceId }) => deviceId,
  };
}

function resultText({ result, error }: DeviceOutcome, words: ChangeWords): string {
  if (result === 'changed') return words.done;
  if (result === 'unchanged') return words.already;
  return result === 'planned' ? `would be ${words.done}` : (error?.code ?? 'failed');
}

function toneOf({ result }: DeviceOutcome): Tone {
  const tones = { changed: 'good', unchanged: 'dim', planned: 'plain', failed: 'bad' } as const;
  return tones[result];
}
