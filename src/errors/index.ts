export { exitCodes, exitCodeMeanings, type ExitCode } from './exit-codes.ts';
export { failures, type FailureCode, type FailureEntry, type FailureKind } from './failures.ts';
export { Failure, isFailure, toFailure, type FailureOptions } from './failure.ts';
