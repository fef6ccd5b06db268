/** An enrollment by flags: the same document that a file would hold. */
import { Failure } from '../../errors/index.ts';
import { allocationPolicies } from '../../protocol/provisioning/index.ts';
import type { JsonObject } from '../../std/json.ts';
import { listOption, switchOption, textOption, type CommandInput, type OptionDeclaration } from '../define-command.ts';
import { assignmentsOf } from './assignments.ts';

export const enrollmentFlags: readonly OptionDeclaration[] = [
  { name: 'registration-id', type: 'string', value: 'ID', summary: 'the enrollment of one device' },
  { name: 'group-id', type: 'string', value: 'ID', summary: 'the enrollment of a group of devices' },
  {
    name: 'device',
    type: 'string',
    value: 'ID',
    summary: 'name of the device on its hub; otherwise its registration id',
  },
  {
    name: 'key-file',
    type: 'string',
    value: 'FILE',
    summary: 'file with the primary key, base64; the service makes keys otherwise',
    complete: 'file',
  },
  {
    name: 'certificate',
    type: 'string',
    value: 'FILE',
    summary: 'PEM file: of the device, or for a group of the CA that signs its devices',
    complete: 'file',
  },
  { name: 'authority', type: 'string', value: 'NAME', summary: 'for a group: a verified CA certificate, by its name' },
  {
    name: 'endorsement-key-file',
    type: 'string',
    value: 'FILE',
    summary: 'file with the endorsement key of a TPM, base64',
    complete: 'file',
  },
  { name: 'tag', type: 'string', value: 'KEY=VALUE', summary: 'tag a device begins with', repeatable: true },
  {
    name: 'desired',
    type: 'string',
    value: 'KEY=VALUE',
    summary: 'desired property a device begins with',
    repeatable: true,
  },
  { name: 'edge', summary: 'devices are IoT Edge devices' },
  { name: 'hub', type: 'string', value: 'HOST', summary: 'a hub to choose from; all otherwise', repeatable: true },
  {
    name: 'allocation',
    type: 'string',
    value: 'POLICY',
    summary: 'how the hub is chosen; otherwise hashed',
    choices: allocationPolicies,
  },
  { name: 'webhook', type: 'string', value: 'URL', summary: 'who chooses the hub, for --allocation custom' },
  { name: 'disabled', summary: 'devices are refused' },
  { name: 'never-move', summary: 'a device stays on the hub it got first' },
  { name: 'reset-twin', summary: 'a device that moves to another hub begins there anew' },
];

const ownFlags = enrollmentFlags.map(({ name }) => name);

/** True when the command line describes an enrollment itself. */
export function hasEnrollmentFlags(input: CommandInput): boolean {
  return textOption(input, 'registrationId') !== undefined || textOption(input, 'groupId') !== undefined;
}

/** The document. Failures: usage, invalid-value, file-not-found. */
export async function documentOfFlags(input: CommandInput): Promise<JsonObject> {
  const registrationId = textOption(input, 'registrationId');
  const enrollmentGroupId = textOption(input, 'groupId');
  if (registrationId !== undefined && enrollmentGroupId !== undefined)
    throw new Failure('usage', '--registration-id and --group-id name two enrollments; give one of them');
  const isGroup = enrollmentGroupId !== undefined;
  const tags = await assignmentsOf(input, 'tag');
  const desired = await assignmentsOf(input, 'desired');
  const hubs = listOption(input, 'hub');
  const deviceId = textOption(input, 'device');
  const allocationPolicy = textOption(input, 'allocation');
  const webhookUrl = textOption(input, 'webhook');
  return {
    ...(registrationId !== undefined && { registrationId }),
    ...(isGroup && { enrollmentGroupId }),
    ...(deviceId !== undefined && { deviceId }),
    attestation: await attestationOf(input, isGroup),
    ...((tags ?? desired) !== undefined && {
      initialTwin: { ...(tags && { tags }), properties: { ...(desired && { desired }) } },
    }),
    ...(switchOption(input, 'edge') && { capabilities: { iotEdge: true } }),
    ...(hubs.length > 0 && { iotHubs: [...hubs] }),
    ...(allocationPolicy !== undefined && { allocationPolicy }),
    ...(webhookUrl !== undefined && { customAllocationDefinition: { webhookUrl, apiVersion: '2021-10-01' } }),
    ...(switchOption(input, 'disabled') && { provisioningStatus: 'disabled' }),
    reprovisionPolicy: {
      updateHubAssignment: !switchOption(input, 'neverMove'),
      migrateDeviceData: !switchOption(input, 'resetTwin'),
    },
  };
}

async function attestationOf(input: CommandInput, isGroup: boolean): Promise<JsonObject> {
  const certificateFile = textOption(input, 'certificate');
  const authority = textOption(input, 'authority');
  const endorsement = textOption(input, 'endorsementKeyFile');
  const keyFile = textOption(input, 'keyFile');
  const given = [certificateFile, authority, endorsement, keyFile].filter((value) => value !== undefined);
  if (given.length > 1)
    throw new Failure('usage', '--key-file, --certificate, --authority and --endorsement-key-file exclude each other');
  if (certificateFile !== undefined) {
    const name = isGroup ? 'signingCertificates' : 'clientCertificates';
    return { type: 'x509', x509: { [name]: { primary: { certificateFile } } } };
  }
  if (authority !== undefined) return { type: 'x509', x509: { caReferences: { primary: authority } } };
  if (endorsement !== undefined)
    return { type: 'tpm', tpm: { endorsementKey: await readSecret(endorsement, '--endorsement-key-file') } };
  if (keyFile === undefined) return { type: 'symmetricKey' };
  return { type: 'symmetricKey', symmetricKey: { primaryKey: await readSecret(keyFile, '--key-file') } };
}

async function readSecret(path: string, flag: string): Promise<string> {
  const { readSecretFile } = await import('../../config/resolve-connection.ts');
  return readSecretFile(path, flag);
}

/** Flags of an enrollment that were given; they make no sense beside a file. */
export function strayFlags(input: CommandInput): readonly string[] {
  return ownFlags.filter((name) => {
    const value = input.options[name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  });
}
