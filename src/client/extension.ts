/** What only iotctl's own hub serves, under `/iotctl/`. */
import type { Connection } from '../config/profile.ts';
import { Failure } from '../errors/index.ts';

export interface Extension {
  /** As in `HOST does not serve {name}`: `the status of the hub`. */
  readonly name: string;
  /** What does it, or something near, on another hub; the hint of the failure. */
  readonly instead: string;
}

/** Failure `unsupported` when the profile is of a hub in the cloud: nothing of ours is ever asked there. */
export function requireExtension(connection: Pick<Connection, 'kind' | 'hostName'>, extension: Extension): void {
  if (connection.kind === 'cloud') throw notServed(connection.hostName, extension);
}

/** The failure of a command that a hub cannot serve. */
export function notServed(hostName: string, extension: Extension, status?: number): Failure {
  return new Failure('unsupported', `${hostName} does not serve ${extension.name}; iotctl's own hub does`, {
    hint: extension.instead,
    details: { extension: extension.name, ...(status !== undefined && { status }) },
  });
}

/** True for the refusal of a hub that has nothing at an address, in difference to one that has no such device or rule. */
export function hasNothingThere({ message, details }: Failure): boolean {
  const { status, hubError } = details;
  if (status === 405) return true;
  return status === 404 && (hubError === undefined || hubError === 'FeatureNotSupported' || message.includes(nothing));
}

/** What iotctl's own hub says for an address it does not serve. */
const nothing = 'There is nothing at this address';
