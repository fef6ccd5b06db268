import { HubError } from '../../../protocol/hub-errors.ts';
import { registryJobTypes, type RegistryJobType } from '../../../protocol/registry-job.ts';
import { blobNameProblem } from '../blobs/names.ts';
import { fieldsOf, stringField, wordField, type Fields } from '../untrusted.ts';

/** What a caller asks for. The addresses hold secrets; they are kept only while the job runs. */
export interface RegistryJobDraft {
  readonly type: RegistryJobType;
  /** Undefined for an export. */
  readonly input: string | undefined;
  readonly inputBlobName: string;
  readonly output: string;
  /** Undefined where the caller named none. */
  readonly outputBlobName: string | undefined;
  readonly excludeKeys: boolean;
  readonly includeConfigurations: boolean;
  readonly configurationsBlobName: string;
}

/** Reads the body of `POST /jobs/create`. HubErrors ArgumentInvalid, ArgumentNull, ManagedIdentityNotEnabled. */
export function parseRegistryJob(body: unknown): RegistryJobDraft {
  const fields = fieldsOf(body, 'The job');
  const type = wordField(fields, 'type', registryJobTypes);
  if (type === undefined) throw new HubError('ArgumentInvalid', 'type must be import or export.');
  if (wordField(fields, 'storageAuthenticationType', ['keyBased', 'identityBased']) === 'identityBased')
    throw new HubError(
      'ManagedIdentityNotEnabled',
      'This hub has no managed identity: give addresses with signatures.',
    );
  return {
    type,
    input: type === 'import' ? addressField(fields, 'inputBlobContainerUri') : undefined,
    inputBlobName: nameField(fields, 'inputBlobName') ?? 'devices.txt',
    output: addressField(fields, 'outputBlobContainerUri'),
    outputBlobName: nameField(fields, 'outputBlobName'),
    excludeKeys: flagField(fields, 'excludeKeysInExport'),
    includeConfigurations: flagField(fields, 'includeConfigurations'),
    configurationsBlobName: nameField(fields, 'configurationsBlobName') ?? 'configurations.txt',
  };
}

function addressField(fields: Fields, name: string): string {
  const text = stringField(fields, name) ?? '';
  if (text === '') throw new HubError('ArgumentNull', `${name} is missing.`);
  if (!URL.canParse(text)) throw new HubError('BlobContainerValidationError', `${name} is not an address.`);
  return text;
}

function nameField(fields: Fields, name: string): string | undefined {
  const text = stringField(fields, name) ?? '';
  if (text === '') return undefined;
  const problem = blobNameProblem(text);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `${name} ${problem}.`);
  return text;
}

function flagField(fields: Fields, name: string): boolean {
  const value = fields.get(name) ?? false;
  if (typeof value !== 'boolean') throw new HubError('ArgumentInvalid', `${name} must be true or false.`);
  return value;
}
