import type { Readiness } from '../../protocol/operations.ts';
import type { Clock } from '../../std/clock.ts';
import { messageOf } from '../../std/message-of.ts';
import { answerWithin } from './answer-within.ts';

/** Runs all checks side by side. */
export async function readReadiness(
  checks: Readonly<Record<string, () => Promise<string | undefined>>>,
  clock: Clock,
): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(
      async ([name, check]) => [name, (await answerWithin(clock, check).catch(messageOf)) ?? 'ok'] as const,
    ),
  );
  const ready = results.every(([, result]) => result === 'ok');
  return { status: ready ? 'ready' : 'not-ready', checks: Object.fromEntries(results) };
}
