export { readPayload, splitCommandWords, type PayloadSources } from './command-words.ts';
export { sendCommand, sendCommands, succeeded, type CommandResult, type SendOptions } from './send-command.ts';
export { countResult, describeSummary, emptyCommandSummary, failureOfSummary } from './summary.ts';
