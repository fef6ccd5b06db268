/** The part of a pino logger the hub uses. Fields never hold secrets; text from devices goes into fields, not into the message. */
export interface HubLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function nothing(): void {}

/** A log that goes nowhere, for tests and for hubs that were started without one. */
export const silentLog: HubLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };
