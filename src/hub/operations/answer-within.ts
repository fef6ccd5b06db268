import type { Clock } from '../../std/clock.ts';

/** Whoever asks wants to know now: a part of the hub that takes longer counts as failed. */
export const answerMs = 2_000;

/** What the work answers, or a rejection that says that it took too long. */
export async function answerWithin<Answer>(clock: Clock, work: () => Promise<Answer>, ms = answerMs): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => late.reject(new Error(`no answer within ${ms / 1_000} s`)), {
    unref: true,
  });
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    cancel();
  }
}
