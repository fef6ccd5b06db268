/** Reading an enrollment that a service sends. Source: service.md §10.2. */
import { deviceIdProblem } from '../../../protocol/device-id.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { allocationPolicies, type ReprovisionPolicy } from '../../../protocol/provisioning/index.ts';
import { checkTwinContent, contentOf, twinLimits } from '../../../protocol/twin/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../std/json.ts';
import { fieldsOf, membersOf, stringField, wordField, type Fields } from '../untrusted.ts';
import { parseIotEdge } from '../registry/capabilities.ts';
import { parseAttestation, type EnrollmentKind } from './attestation.ts';
import type { EnrollmentDraft, StoredEnrollment } from './stored.ts';

const hostPattern = /^[A-Za-z0-9[](?:[A-Za-z0-9._:\]-]{0,252})$/;
const mostHubs = 50;
const largestDeviceInformation = 4096;

/** Reads the writable part; what the service manages itself is ignored. Failure: HubError ArgumentInvalid. */
export function parseEnrollmentDraft(
  fields: Fields,
  kind: EnrollmentKind,
  before: StoredEnrollment | undefined,
): EnrollmentDraft {
  const iotHubHostName = hostOf(stringField(fields, 'iotHubHostName'), 'iotHubHostName');
  const iotHubs = parseHubs(fields.get('iotHubs'));
  const allocation = wordField(fields, 'allocationPolicy', allocationPolicies);
  const webhook = parseWebhook(fields.get('customAllocationDefinition'));
  if (allocation === 'custom' && webhook === undefined)
    throw new HubError('ArgumentInvalid', 'A custom allocation needs customAllocationDefinition with a webhookUrl.');
  return {
    attestation: parseAttestation(fields.get('attestation'), kind, before?.attestation),
    ...(kind === 'individual' && parseDeviceParts(fields)),
    iotEdge: parseIotEdge(fields),
    ...(iotHubHostName !== undefined && { iotHubHostName }),
    ...(iotHubs !== undefined && { iotHubs }),
    ...parseInitialTwin(fields.get('initialTwin')),
    status: wordField(fields, 'provisioningStatus', ['enabled', 'disabled']) ?? 'enabled',
    reprovisionPolicy: parseReprovisionPolicy(membersOf(fields, 'reprovisionPolicy')),
    // A single hub by name is a static allocation (service.md §10.2).
    allocationPolicy: allocation ?? (iotHubHostName === undefined ? 'hashed' : 'static'),
    ...(webhook !== undefined && { webhook }),
  };
}

function parseDeviceParts(fields: Fields): Pick<EnrollmentDraft, 'deviceId' | 'optionalDeviceInformation'> {
  const deviceId = stringField(fields, 'deviceId') ?? '';
  const problem = deviceId === '' ? undefined : deviceIdProblem(deviceId);
  if (problem !== undefined) throw new HubError('ArgumentInvalid', `deviceId ${problem}.`);
  const information = fields.get('optionalDeviceInformation');
  if (information !== undefined && !isJsonObject(information))
    throw new HubError('ArgumentInvalid', 'optionalDeviceInformation must be a JSON object.');
  if (information !== undefined && JSON.stringify(information).length > largestDeviceInformation)
    throw new HubError('ArgumentInvalid', 'optionalDeviceInformation is too large.');
  return {
    ...(deviceId !== '' && { deviceId }),
    ...(information !== undefined && { optionalDeviceInformation: information }),
  };
}

/** Tags and desired properties a device begins with; also of a webhook's answer. Failure: HubError ArgumentInvalid. */
export function parseInitialTwin(value: JsonValue | undefined): { tags?: JsonObject; desired?: JsonObject } {
  if (value === undefined) return {};
  const fields = fieldsOf(value, 'initialTwin');
  const properties = fields.get('properties');
  const desired = properties === undefined ? undefined : fieldsOf(properties, 'initialTwin.properties').get('desired');
  const tags = contentPart(fields.get('tags'), 'initialTwin.tags', twinLimits.tagsBytes);
  const content = contentPart(desired, 'initialTwin.properties.desired', twinLimits.desiredBytes);
  return { ...(tags !== undefined && { tags }), ...(content !== undefined && { desired: content }) };
}

/** SDKs write what they read with members of their own (`count`, `version`, `metadata`) empty or null; nulls count as absent. */
function contentPart(value: JsonValue | undefined, name: string, maxBytes: number): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw new HubError('ArgumentInvalid', `${name} must be a JSON object.`);
  const content = contentOf(value);
  checkTwinContent(content, { maxBytes, allowNull: false, name });
  return content;
}

function parseReprovisionPolicy(fields: Fields): ReprovisionPolicy {
  const flag = (name: string): boolean => {
    const given = fields.get(name) ?? true;
    if (typeof given !== 'boolean')
      throw new HubError('ArgumentInvalid', `reprovisionPolicy.${name} must be true or false.`);
    return given;
  };
  return { updateHubAssignment: flag('updateHubAssignment'), migrateDeviceData: flag('migrateDeviceData') };
}

function parseHubs(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length > mostHubs)
    throw new HubError('ArgumentInvalid', `iotHubs must be a list of at most ${mostHubs} host names.`);
  const hubs = value.map((item) => {
    if (typeof item !== 'string') throw new HubError('ArgumentInvalid', 'iotHubs must be a list of host names.');
    return hostOf(item, 'iotHubs') ?? '';
  });
  return hubs.length === 0 ? undefined : hubs;
}

function hostOf(text: string | undefined, name: string): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!hostPattern.test(text)) throw new HubError('ArgumentInvalid', `${name} is not a host name.`);
  return text;
}

function parseWebhook(value: JsonValue | undefined): EnrollmentDraft['webhook'] {
  if (value === undefined) return undefined;
  const fields = fieldsOf(value, 'customAllocationDefinition');
  const webhookUrl = stringField(fields, 'webhookUrl') ?? '';
  const apiVersion = stringField(fields, 'apiVersion') ?? '2019-03-31';
  const protocol = URL.canParse(webhookUrl) ? new URL(webhookUrl).protocol : '';
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new HubError('ArgumentInvalid', 'customAllocationDefinition.webhookUrl must be an http or https URL.');
  return { webhookUrl, apiVersion };
}
