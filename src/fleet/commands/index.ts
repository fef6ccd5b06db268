export { readPayload, splitCommandWords, type CommandWords, type PayloadSources } from './command-words.ts';
export {
  failureStatus,
  sendCommand,
  sendCommands,
  succeeded,
  type CommandResult,
  type SendOptions,
} from './send-command.ts';
export { countResult, describeSummary, emptyCommandSummary, failureOfSummary, type CommandSummary } from './summary.ts';
