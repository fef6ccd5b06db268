/** Exit codes, stable across releases (docs/errors.md). */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notAuthorised: 4,
  conflict: 5,
  deviceOffline: 6,
  partial: 7,
  rolloutHalted: 8,
  hubUnreachable: 9,
  needsPerson: 10,
  runtimeTooOld: 69,
  bug: 70,
  timedOut: 124,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What each exit code says, for `--help` and docs/errors.md. */
export const exitCodeMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'ok',
  1: 'failed',
  2: 'usage, invalid configuration or confirmation missing',
  3: 'not found',
  4: 'not authorised',
  5: 'conflict: exists already, changed meanwhile or drifted',
  6: 'device offline or no answer from it',
  7: 'some of many failed',
  8: 'rollout halted, aborted or reverted by its limits',
  9: 'hub unreachable, or throttled after retries',
  10: 'paused or inconclusive: needs a person',
  69: 'Node.js too old',
  70: 'a bug in iotctl',
  124: 'timed out; the work may still go on',
  130: 'interrupted (Ctrl-C)',
  143: 'terminated (SIGTERM)',
};
