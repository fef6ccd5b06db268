import { Failure } from '../errors/index.ts';
import { deviceIdProblem } from './device-id.ts';

/** The parts of a connection string, of a hub's policy or of a device. Source: device.md §1.1, service.md §1.1. */
export interface ConnectionString {
  /** Host name, with `:port` where a hub does not use the standard ports. */
  readonly hostName: string;
  readonly deviceId?: string;
  readonly moduleId?: string;
  /** Name of a hub policy; the key then belongs to the policy. */
  readonly sharedAccessKeyName?: string;
  /** Base64. */
  readonly sharedAccessKey?: string;
  readonly sharedAccessSignature?: string;
  readonly x509?: true;
  /** Where to connect instead of `hostName`. */
  readonly gatewayHostName?: string;
}

/** Wire name of each part, in the order of writing. */
const parts = [
  ['HostName', 'hostName'],
  ['DeviceId', 'deviceId'],
  ['ModuleId', 'moduleId'],
  ['SharedAccessKeyName', 'sharedAccessKeyName'],
  ['SharedAccessKey', 'sharedAccessKey'],
  ['SharedAccessSignature', 'sharedAccessSignature'],
  ['x509', 'x509'],
  ['GatewayHostName', 'gatewayHostName'],
] as const;

type PartName = (typeof parts)[number][0];

const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Parses a device's or a policy's connection string.
 * Throws {@link Failure} `invalid-connection-string` naming the part at fault; no value of any part is ever in its text.
 */
export function parseConnectionString(text: string): ConnectionString {
  const values = readPairs(text.trim());
  checkParts(values);
  const result: Record<string, string | true> = {};
  for (const [name, member] of parts) {
    const value = values.get(name);
    if (value !== undefined) result[member] = name === 'x509' ? true : value;
  }
  return result as unknown as ConnectionString;
}

/** The key of a hub policy, as an operator connects with it. */
export interface PolicyConnectionString {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
}

/** Parses a connection string of the operator's side: it names a policy, not a device. Throws like {@link parseConnectionString}. */
export function parsePolicyConnectionString(text: string): PolicyConnectionString {
  const { hostName, sharedAccessKeyName, sharedAccessKey, deviceId } = parseConnectionString(text);
  if (deviceId !== undefined) throw invalid("the connection string is a device's, not one of a hub policy", 'DeviceId');
  if (sharedAccessKeyName === undefined || sharedAccessKey === undefined)
    throw invalid('the connection string has no key of a hub policy', 'SharedAccessKey');
  return { hostName, sharedAccessKeyName, sharedAccessKey };
}

/** Writes a connection string with its parts in the customary order. */
export function formatConnectionString(connection: ConnectionString): string {
  const pairs: string[] = [];
  for (const [name, member] of parts) {
    const value = connection[member];
    if (value !== undefined) pairs.push(`${name}=${value}`);
  }
  return pairs.join(';');
}

function readPairs(text: string): Map<PartName, string> {
  if (text === '') throw invalid('the connection string is empty');
  const values = new Map<PartName, string>();
  for (const [index, pair] of text.split(';').entries()) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 0) throw invalid(`part ${index + 1} of the connection string has no "="`);
    const name = partName(pair.slice(0, equals).trim(), index + 1);
    if (values.has(name)) throw invalid(`the connection string has ${name} twice`, name);
    values.set(name, pair.slice(equals + 1).trim());
  }
  return values;
}

/** Unknown names are not repeated in the error: whoever pastes a bare key would find it in a log. */
function partName(written: string, number: number): PartName {
  for (const [name] of parts) {
    if (name === written) return name;
    if (name.toLowerCase() === written.toLowerCase())
      throw invalid(`part ${number} of the connection string must be written ${name}`, name);
  }
  throw invalid(`part ${number} of the connection string has a name that is not known`);
}

function checkParts(values: ReadonlyMap<PartName, string>): void {
  for (const [name, value] of values)
    if (value === '') throw invalid(`${name} is empty in the connection string`, name);
  checkHost('HostName', require(values, 'HostName'));
  const gateway = values.get('GatewayHostName');
  if (gateway !== undefined) checkHost('GatewayHostName', gateway);
  checkIdentity(values);
  checkCredential(values);
}

function checkHost(name: PartName, value: string): void {
  if (!hostPattern.test(value)) throw invalid(`${name} in the connection string is not a host name`, name);
}

function checkIdentity(values: ReadonlyMap<PartName, string>): void {
  for (const name of ['DeviceId', 'ModuleId'] as const) {
    const value = values.get(name);
    const problem = value === undefined ? undefined : deviceIdProblem(value);
    if (problem !== undefined) throw invalid(`${name} in the connection string ${problem}`, name);
  }
  if (values.has('ModuleId') && !values.has('DeviceId'))
    throw invalid('the connection string has ModuleId but no DeviceId', 'DeviceId');
}

function checkCredential(values: ReadonlyMap<PartName, string>): void {
  const given = (['SharedAccessKey', 'SharedAccessSignature', 'x509'] as const).filter((name) => values.has(name));
  if (given.length > 1)
    throw invalid(`the connection string has both ${given[0]} and ${given[1]}; one credential is allowed`, given[1]);
  if (given.length === 0) throw invalid('the connection string lacks SharedAccessKey', 'SharedAccessKey');
  const key = values.get('SharedAccessKey');
  if (key !== undefined && !base64Pattern.test(key))
    throw invalid('SharedAccessKey in the connection string is not base64', 'SharedAccessKey');
  const x509 = values.get('x509');
  if (x509 !== undefined && x509 !== 'true') throw invalid('x509 in the connection string must be "true"', 'x509');
  if (values.has('DeviceId')) return;
  if (key !== undefined) require(values, 'SharedAccessKeyName');
  if (x509 !== undefined) require(values, 'DeviceId');
}

function require(values: ReadonlyMap<PartName, string>, name: PartName): string {
  const value = values.get(name);
  if (value === undefined) throw invalid(`the connection string lacks ${name}`, name);
  return value;
}

function invalid(message: string, part?: PartName): Failure {
  return new Failure('invalid-connection-string', message, part === undefined ? {} : { details: { part } });
}
