/** The file of `hub start --provisioning`: other hubs to assign devices to, and how far away they are. */
import { Failure } from '../../errors/index.ts';
import type { HubOptions } from '../../hub/index.ts';
import { parsePolicyConnectionString } from '../../protocol/connection-string.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { readBeside } from '../read-beside.ts';

export type ProvisioningOptions = NonNullable<HubOptions['provisioning']>;

/**
 * Reads `{hubs: [{connectionStringFile, serviceUrl?, caFile?, weight?}], latencies: [{network?, milliseconds: {HOST: ms}}]}`.
 * Paths begin at `directory`. Failures: invalid-input, invalid-connection-string, file-not-found.
 */
export async function readProvisioningOptions(value: JsonValue, directory: string): Promise<ProvisioningOptions> {
  if (!isJsonObject(value)) throw invalid('it must be an object with hubs and latencies');
  const { hubs = [], latencies, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid(`${unknown} is not known; it may hold hubs and latencies`);
  if (!Array.isArray(hubs)) throw invalid('hubs must be a list');
  return {
    hubs: await Promise.all(hubs.map((hub, index) => readHub(hub, `hub ${index + 1}`, directory))),
    ...(latencies !== undefined && { latencies: readLatencies(latencies) }),
  };
}

async function readHub(value: JsonValue, name: string, directory: string) {
  const { connectionString, connectionStringFile, serviceUrl, caFile, weight } = objectOf(value, name);
  const file = textOf(connectionStringFile, `connectionStringFile of ${name}`);
  const text = textOf(connectionString, `connectionString of ${name}`) ?? (file && (await readBeside(file, directory)));
  if (text === undefined) throw invalid(`${name} needs connectionStringFile`);
  const url = textOf(serviceUrl, `serviceUrl of ${name}`);
  if (url !== undefined && !URL.canParse(url)) throw invalid(`serviceUrl of ${name} is not a URL`);
  const ca = textOf(caFile, `caFile of ${name}`);
  if (weight !== undefined && !(typeof weight === 'number' && weight > 0))
    throw invalid(`weight of ${name} must be a number above 0`);
  return {
    ...parsePolicyConnectionString(text),
    ...(url !== undefined && { serviceUrl: url }),
    ...(ca !== undefined && { ca: await readBeside(ca, directory) }),
    ...(typeof weight === 'number' && { weight }),
  };
}

function readLatencies(value: JsonValue): NonNullable<ProvisioningOptions['latencies']> {
  if (!Array.isArray(value)) throw invalid('latencies must be a list');
  return value.map((item, index) => {
    const { network, milliseconds } = objectOf(item, `latency ${index + 1}`);
    const table = objectOf(milliseconds, `milliseconds of latency ${index + 1}`);
    const range = textOf(network, `network of latency ${index + 1}`);
    return {
      ...(range !== undefined && { network: range }),
      milliseconds: Object.fromEntries(Object.entries(table).map(([host, ms]) => [host, numberOf(ms, host)])),
    };
  });
}

function objectOf(value: JsonValue | undefined, name: string): JsonObject {
  if (!isJsonObject(value)) throw invalid(`${name} must be an object`);
  return value;
}

function textOf(value: JsonValue | undefined, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${name} must be text`);
  return value;
}

function numberOf(value: JsonValue, name: string): number {
  if (typeof value !== 'number' || value < 0) throw invalid(`the milliseconds of ${name} must be a number`);
  return value;
}

function invalid(message: string): Failure {
  return new Failure('invalid-input', `the provisioning file: ${message}`);
}
