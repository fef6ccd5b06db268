/** How a device registers: where the service is, and what the device proves itself with. */
import type { Connection } from '../../config/profile.ts';
import { Failure, toFailure } from '../../errors/index.ts';
import type { DeviceProof } from '../../fleet/enrollments/index.ts';
import type { RegistrationTransport } from '../../protocol/provisioning/transports.ts';
import type { JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';
import type { CommandContext } from '../context.ts';
import { textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { openProvisioning } from './provisioning-service.ts';
import { readGivenText } from '../../std/given-file.ts';
import { withoutTrailing } from '../../std/without-trailing.ts';

const file = { type: 'string', value: 'FILE', complete: 'file' } as const;

export const registrationOptions: readonly OptionDeclaration[] = [
  { name: 'key-file', ...file, summary: 'file with the key of the device, base64' },
  { name: 'group-key-file', ...file, summary: 'file with the key of its group, base64' },
  { name: 'certificate', ...file, summary: 'PEM file of the certificate, and after it those of its issuers' },
  { name: 'certificate-key', ...file, summary: 'PEM file of the private key' },
  { name: 'id-scope', type: 'string', value: 'SCOPE', summary: 'id scope of the service; otherwise that of the hub' },
  {
    name: 'endpoint',
    type: 'string',
    value: 'HOST',
    summary: 'host or URL of the service; with --id-scope otherwise the one of Azure',
  },
  { name: 'ca-file', ...file, summary: 'PEM file of the authority to trust; otherwise that of the hub' },
];

/** Source: device.md §5. */
const azureEndpoint = 'global.azure-devices-provisioning.net';
const keyVariable = 'IOTCTL_REGISTRATION_KEY';

interface Place {
  readonly place: { readonly idScope: string; readonly endpoint: string; readonly ca?: string };
  readonly deviceHostOf?: (hubHostName: string) => string;
}

/** Where the service is: by flags, or beside the chosen hub. Failures: those of the choice; unsupported for a hub in the cloud. */
export async function readPlace(
  context: CommandContext,
  input: CommandInput,
  transport: RegistrationTransport,
): Promise<Place> {
  const caFile = textOption(input, 'caFile') ?? context.env['IOTCTL_CA_FILE'];
  const idScope = textOption(input, 'idScope');
  const endpoint = textOption(input, 'endpoint');
  if (idScope !== undefined)
    return { place: { idScope, endpoint: endpoint ?? azureEndpoint, ...(await caOf(caFile)) } };
  const provisioning = await openProvisioning(context, input);
  const connection = await context.connection();
  return {
    place: {
      idScope: await provisioning.idScope(context.signal),
      endpoint: endpoint ?? addressOf(connection, transport),
      ...(await caOf(caFile ?? connection.caFile)),
    },
    deviceHostOf: (hubHostName) => deviceHost(connection, hubHostName),
  };
}

async function caOf(path: string | undefined): Promise<{ ca?: string }> {
  return path === undefined || path === '' ? {} : { ca: await readText(path) };
}

/** The hub and its provisioning service are at the same addresses. */
function addressOf({ deviceUrl, serviceUrl, hostName }: Connection, transport: RegistrationTransport): string {
  const url = transport === 'mqtt' ? deviceUrl : serviceUrl;
  if (url === undefined) return hostName;
  return transport === 'mqtt-ws' ? url.replace(/^http/, 'ws') : url;
}

/** With the port where devices connect, when it is not the standard one. */
function deviceHost({ deviceUrl, hostName }: Connection, hubHostName: string): string {
  if (deviceUrl === undefined || hubHostName !== hostName || !URL.canParse(deviceUrl)) return hubHostName;
  const { port, protocol } = new URL(deviceUrl);
  return protocol === 'mqtts:' && port !== '' && port !== '8883' ? `${hubHostName}:${port}` : hubHostName;
}

/** Never from the command line itself: a key there would be in the history and in the list of processes. */
export async function readProof(context: CommandContext, input: CommandInput): Promise<DeviceProof> {
  const [keyFile, groupKeyFile, certificateFile, certificateKey] = [
    'keyFile',
    'groupKeyFile',
    'certificate',
    'certificateKey',
  ].map((name) => textOption(input, name));
  const given = [keyFile, groupKeyFile, certificateFile].filter((path) => path !== undefined);
  if (given.length > 1) throw new Failure('usage', '--key-file, --group-key-file and --certificate exclude each other');
  if (certificateFile !== undefined) {
    if (certificateKey === undefined) throw new Failure('usage', '--certificate needs --certificate-key');
    const [certificate, privateKey] = [await readText(certificateFile), await readText(certificateKey)];
    return { kind: 'certificate', certificate, privateKey };
  }
  if (groupKeyFile !== undefined) return { kind: 'group-key', key: keyOf(await readText(groupKeyFile), groupKeyFile) };
  if (keyFile !== undefined) return { kind: 'key', key: keyOf(await readText(keyFile), keyFile) };
  const fromEnvironment = context.env[keyVariable];
  if (fromEnvironment !== undefined && fromEnvironment !== '')
    return { kind: 'key', key: keyOf(fromEnvironment, keyVariable) };
  if (!context.prompt.available)
    throw new Failure(
      'input-required',
      'what the device proves itself by is missing, and there is no terminal to ask on',
      {
        hint: 'give --key-file, --group-key-file, or --certificate with --certificate-key',
      },
    );
  const asked = await context.prompt.secret({ message: 'Key of the device:', flag: '--key-file' });
  return { kind: 'key', key: keyOf(asked, 'the key') };
}

/** `--payload`: JSON, or `@FILE`. Failures: file-not-found, invalid-value. */
export async function readPayload(context: CommandContext, input: CommandInput): Promise<JsonValue | undefined> {
  const text = textOption(input, 'payload');
  if (text === undefined) return undefined;
  if (text.startsWith('@') || text === '-') {
    const { readDocument } = await import('../changes/read-document.ts');
    return readDocument(context, text);
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new Failure('invalid-value', `--payload is not valid JSON: ${messageOf(error)}`, { cause: error });
  }
}

function keyOf(text: string, from: string): string {
  const key = text.trim();
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length === 0 || withoutTrailing(bytes.toString('base64'), '=') !== withoutTrailing(key, '='))
    throw new Failure('invalid-value', `${from} is not a key in base64`);
  return key;
}

async function readText(path: string): Promise<string> {
  try {
    return await readGivenText(path);
  } catch (error) {
    throw toFailure(error, path);
  }
}
