/** Enrollments as files describe them: the documents of the service API, with what the service manages left out. */
import { Failure } from '../../errors/index.ts';
import { registrationIdProblem } from '../../protocol/provisioning/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { readBeside } from '../read-beside.ts';

export type EnrollmentKind = 'individual' | 'group';

export interface EnrollmentDocument {
  readonly kind: EnrollmentKind;
  readonly id: string;
  /** Without etag, times and state. */
  readonly body: JsonObject;
}

/** Members that the service writes; a file that was made from an answer may hold them. */
const managed: ReadonlySet<string> = new Set([
  'etag',
  'createdDateTimeUtc',
  'lastUpdatedDateTimeUtc',
  'registrationState',
]);

const known: ReadonlySet<string> = new Set([
  'registrationId',
  'enrollmentGroupId',
  'deviceId',
  'optionalDeviceInformation',
  'attestation',
  'capabilities',
  'iotHubHostName',
  'iotHubs',
  'initialTwin',
  'provisioningStatus',
  'reprovisionPolicy',
  'allocationPolicy',
  'customAllocationDefinition',
]);

/**
 * Reads documents: one, a list, or `{enrollments: […], enrollmentGroups: […]}`. `directory` is where the paths of
 * `certificateFile` begin. Failures: invalid-input naming the place, file-not-found.
 */
export async function readEnrollmentDocuments(value: JsonValue, directory: string): Promise<EnrollmentDocument[]> {
  const documents: EnrollmentDocument[] = [];
  for (const item of itemsOf(value)) documents.push(await readDocument(item, documents.length + 1, directory));
  const seen = new Set<string>();
  for (const { kind, id } of documents) {
    const key = `${kind} ${id.toLowerCase()}`;
    if (seen.has(key)) throw invalid(`the ${kind} enrollment ${id} is there twice`);
    seen.add(key);
  }
  return documents;
}

function itemsOf(value: JsonValue): readonly JsonValue[] {
  if (Array.isArray(value)) return value.flatMap(itemsOf);
  if (!isJsonObject(value)) return [value];
  const { enrollments, enrollmentGroups } = value;
  if (enrollments === undefined && enrollmentGroups === undefined) return [value];
  return [
    ...(Array.isArray(enrollments) ? enrollments : []),
    ...(Array.isArray(enrollmentGroups) ? enrollmentGroups : []),
  ];
}

async function readDocument(item: JsonValue, number: number, directory: string): Promise<EnrollmentDocument> {
  if (!isJsonObject(item)) throw invalid(`enrollment ${number} is not an object`);
  const body: JsonObject = {};
  for (const [name, member] of Object.entries(item)) {
    if (managed.has(name) || member === null) continue;
    if (!known.has(name)) throw invalid(`enrollment ${number} has a member ${name} that is not known`);
    body[name] = member;
  }
  const { registrationId, enrollmentGroupId } = body;
  const id = registrationId ?? enrollmentGroupId;
  if (typeof id !== 'string' || (registrationId !== undefined && enrollmentGroupId !== undefined))
    throw invalid(`enrollment ${number} needs either registrationId or enrollmentGroupId`);
  const problem = registrationIdProblem(id);
  if (problem !== undefined) throw invalid(`the id of enrollment ${number} ${problem}`);
  if (isJsonObject(body['attestation'])) body['attestation'] = await withFiles(body['attestation'], directory);
  return { kind: registrationId === undefined ? 'group' : 'individual', id, body };
}

/** `certificateFile: PATH` stands for the certificate in that file. */
async function withFiles(value: JsonObject, directory: string): Promise<JsonObject> {
  const read: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (name === 'certificateFile' && typeof member === 'string')
      read['certificate'] = await readBeside(member, directory);
    else read[name] = isJsonObject(member) ? await withFiles(member, directory) : member;
  }
  return read;
}

function invalid(message: string): Failure {
  return new Failure('invalid-input', message, { hint: 'iotctl enrollment apply --help' });
}
