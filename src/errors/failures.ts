import { exitCodes, type ExitCode } from './exit-codes.ts';

/** How a failure is told to the user: `user` can fix it, `bug` is ours, `cancel` needs no words. */
export type FailureKind = 'user' | 'bug' | 'cancel';

export interface FailureEntry {
  readonly exit: ExitCode;
  readonly kind: FailureKind;
  /** One sentence for docs/errors.md. */
  readonly meaning: string;
  /** The command or action that helps; `Failure.hint` may be more specific. */
  readonly hint?: string;
}

function user(exit: ExitCode, meaning: string, hint?: string): FailureEntry {
  return hint === undefined ? { exit, kind: 'user', meaning } : { exit, kind: 'user', meaning, hint };
}

/**
 * The one table of failures. Every error a user can see has a row here; docs/errors.md lists the same rows and a test
 * holds the two together. Codes are stable: scripts match on them in `-o json` errors.
 */
export const failures = {
  usage: user(exitCodes.usage, 'The command line is not valid.', 'iotctl help'),
  'unknown-command': user(exitCodes.usage, 'There is no such command.', 'iotctl help'),
  'invalid-value': user(exitCodes.usage, 'A flag, argument or field has a value that is not allowed.'),
  'invalid-input': user(exitCodes.usage, 'An input file or standard input could not be understood.'),
  'invalid-query': user(
    exitCodes.usage,
    'A query or condition is not valid in the IoT Hub query language.',
    'iotctl query --help',
  ),
  'invalid-config': user(exitCodes.usage, 'A configuration file cannot be read; it is left as it is.', 'iotctl doctor'),
  'invalid-connection-string': user(
    exitCodes.usage,
    'A connection string lacks a part or has one that is not valid.',
    'iotctl hub env',
  ),
  'no-hub': user(exitCodes.usage, 'No hub is chosen.', 'iotctl hub start, or iotctl profile add NAME'),
  'confirmation-missing': user(exitCodes.usage, 'A change that needs a confirmation was not confirmed.', 'add --yes'),
  'input-required': user(exitCodes.usage, 'Something must be asked, but there is no terminal to ask on.'),
  unsupported: user(exitCodes.usage, 'The hub of this profile does not offer this.'),
  'not-found': user(exitCodes.notFound, 'The thing named does not exist.'),
  'device-not-found': user(exitCodes.notFound, 'The hub has no device with this id.', 'iotctl device list'),
  'firmware-not-found': user(
    exitCodes.notFound,
    'The hub keeps no firmware of this name and version.',
    'iotctl firmware list',
  ),
  'rollout-not-found': user(exitCodes.notFound, 'There is no rollout with this id.', 'iotctl rollout list'),
  'profile-not-found': user(exitCodes.notFound, 'There is no profile with this name.', 'iotctl profile list'),
  'file-not-found': user(exitCodes.notFound, 'A file that was named does not exist.'),
  'hub-not-running': user(exitCodes.notFound, 'No hub runs on this data directory.', 'iotctl hub start'),
  'no-match': user(exitCodes.notFound, 'No device matches the selection.', 'iotctl device list'),
  'not-authorised': user(
    exitCodes.notAuthorised,
    'The hub refused the credentials, or they do not allow this.',
    'iotctl doctor',
  ),
  'token-expired': user(exitCodes.notAuthorised, 'The access token has expired.', 'iotctl doctor'),
  'tls-untrusted': user(exitCodes.notAuthorised, 'The TLS certificate of the hub is not trusted.', 'iotctl hub env'),
  'permission-denied': user(exitCodes.notAuthorised, 'The operating system refused access to a file or port.'),
  conflict: user(exitCodes.conflict, 'The thing exists already or is in another state.'),
  'device-exists': user(exitCodes.conflict, 'A device with this id exists already.', 'iotctl device show ID'),
  'changed-meanwhile': user(
    exitCodes.conflict,
    'The thing was changed by someone else since it was read.',
    'run the command again',
  ),
  'hub-running': user(exitCodes.conflict, 'Another hub runs on this data directory.', 'iotctl hub status'),
  drifted: user(
    exitCodes.conflict,
    'The fleet, the firmware or the plan is not what it was when the plan was made.',
    'iotctl rollout plan',
  ),
  'rollout-halted': user(
    exitCodes.rolloutHalted,
    'A rollout was halted, aborted or reverted by its limits.',
    'iotctl rollout status ID',
  ),
  'rollout-needs-person': user(
    exitCodes.needsPerson,
    'A rollout is paused and waits for a person.',
    'iotctl rollout status ID',
  ),
  'port-taken': user(exitCodes.failed, 'A port is in use by another program, or needs more rights.'),
  'device-offline': user(
    exitCodes.deviceOffline,
    'The device is not connected or does not listen for commands.',
    'iotctl device show ID',
  ),
  'device-no-answer': user(
    exitCodes.deviceOffline,
    'The device got the command but did not answer in time.',
    'add --timeout 60s',
  ),
  'device-bad-answer': user(exitCodes.failed, 'The device gave an answer that is not JSON.'),
  'command-failed': user(exitCodes.failed, 'The device answered the command with a failure status.'),
  'job-failed': user(exitCodes.failed, 'A job ended without doing its work.', 'iotctl job show ID'),
  partial: user(exitCodes.partial, 'Some of many devices failed.'),
  'hub-unreachable': user(exitCodes.hubUnreachable, 'The hub cannot be reached.', 'iotctl doctor'),
  throttled: user(
    exitCodes.hubUnreachable,
    'The hub kept refusing for load, also after retries.',
    'wait a little, or lower --concurrency',
  ),
  'quota-exceeded': user(exitCodes.hubUnreachable, 'A quota of the hub is used up.'),
  'hub-failed': user(exitCodes.failed, 'The hub answered with an internal failure.', 'try again; iotctl hub status'),
  refused: user(exitCodes.failed, 'The hub refused the request.'),
  'disk-full': user(exitCodes.failed, 'There is no space left to write to.', 'free some space and run it again'),
  io: user(exitCodes.failed, 'A file could not be read or written.'),
  'data-unusable': user(
    exitCodes.failed,
    'A data file of the hub is damaged, of another program or of a newer version; it is left as it is.',
  ),
  'check-failed': user(exitCodes.failed, 'A check did not pass.'),
  'timed-out': user(exitCodes.timedOut, 'The time limit ran out; the work may still go on.'),
  'runtime-too-old': user(
    exitCodes.runtimeTooOld,
    'This Node.js, or the SQLite in it, is too old.',
    'install Node.js 24 or newer',
  ),
  interrupted: { exit: exitCodes.interrupted, kind: 'cancel', meaning: 'Stopped by Ctrl-C.' },
  terminated: { exit: exitCodes.terminated, kind: 'cancel', meaning: 'Stopped by SIGTERM.' },
  bug: { exit: exitCodes.bug, kind: 'bug', meaning: 'Something in iotctl went wrong that should not.' },
} as const satisfies Record<string, FailureEntry>;

export type FailureCode = keyof typeof failures;
