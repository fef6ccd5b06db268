import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { deviceIdProblem } from '../../protocol/device-id.ts';
import type { Authentication } from '../../protocol/identity.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { BadFleetRow, FleetRow } from '../export/fleet-row.ts';
import { contentOf } from '../export/fleet-row.ts';

/** A twin of the largest size, keys, and JSON around them. */
const longestLine = 1_048_576;

/** Reads identities from NDJSON as `device export` and Azure's export jobs write it; a line that is not valid becomes a bad row. */
export async function* rowsFromNdjson(
  source: AsyncIterable<string | Uint8Array>,
): AsyncGenerator<FleetRow | BadFleetRow, void, undefined> {
  const input = Readable.from(source);
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    const clean = line === 1 ? text.replace(/^\uFEFF/, '') : text;
    if (clean.trim() !== '') yield readLine(clean, line);
  }
}

function readLine(text: string, line: number): FleetRow | BadFleetRow {
  const bad = (reason: string, deviceId = ''): BadFleetRow => ({ kind: 'bad', line, deviceId, reason });
  if (text.length > longestLine) return bad('the line is longer than 1 MiB');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return bad('the line is not JSON');
  }
  if (!isJsonObject(value)) return bad('the line is not a JSON object');
  const deviceId = value['id'] ?? value['deviceId'];
  if (typeof deviceId !== 'string') return bad('the line has no id');
  try {
    return { ...readIdentity(value, deviceId), line };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return bad(error.message, deviceId);
  }
}

/** Throws SyntaxError with the reason. */
function readIdentity(value: JsonObject, deviceId: string): FleetRow {
  const moduleId = textMember(value, 'moduleId') ?? '';
  const problem = deviceIdProblem(deviceId);
  if (problem !== undefined) throw new SyntaxError(`the device id ${problem}`);
  const moduleProblem = moduleId === '' ? undefined : deviceIdProblem(moduleId);
  if (moduleProblem !== undefined) throw new SyntaxError(`the module id ${moduleProblem}`);
  const status = textMember(value, 'status')?.toLowerCase();
  if (status !== undefined && status !== 'enabled' && status !== 'disabled')
    throw new SyntaxError('status is not enabled or disabled');
  const properties = objectMember(value, 'properties');
  const capabilities = objectMember(value, 'capabilities');
  const tags = objectMember(value, 'tags');
  const desired = properties === undefined ? undefined : objectMember(properties, 'desired');
  return {
    kind: 'identity',
    deviceId,
    moduleId,
    status,
    statusReason: textMember(value, 'statusReason'),
    authentication: readAuthentication(objectMember(value, 'authentication')),
    iotEdge: capabilities === undefined ? undefined : capabilities['iotEdge'] === true,
    deviceScope: textMember(value, 'deviceScope'),
    parentScopes: textsMember(value, 'parentScopes'),
    managedBy: textMember(value, 'managedBy'),
    tags: tags === undefined ? undefined : contentOf(tags),
    desired: desired === undefined ? undefined : contentOf(desired),
  };
}

const types: readonly Authentication['type'][] = ['sas', 'selfSigned', 'certificateAuthority', 'none'];

function readAuthentication(value: JsonObject | undefined): Partial<Authentication> | undefined {
  if (value === undefined) return undefined;
  const named = textMember(value, 'type');
  const type = types.find((each) => each.toLowerCase() === named?.toLowerCase());
  if (named !== undefined && type === undefined)
    throw new SyntaxError(`authentication.type is not one of ${types.join(', ')}`);
  const keys = objectMember(value, 'symmetricKey');
  const thumbprints = objectMember(value, 'x509Thumbprint');
  const primaryKey = keys === undefined ? undefined : textMember(keys, 'primaryKey');
  return {
    ...(type !== undefined && { type }),
    ...(keys !== undefined &&
      primaryKey !== undefined && {
        symmetricKey: { primaryKey, secondaryKey: textMember(keys, 'secondaryKey') ?? primaryKey },
      }),
    ...(thumbprints !== undefined && {
      x509Thumbprint: {
        primaryThumbprint: textMember(thumbprints, 'primaryThumbprint') ?? null,
        secondaryThumbprint: textMember(thumbprints, 'secondaryThumbprint') ?? null,
      },
    }),
  };
}

/** A null member counts as absent, and so does an empty text: exports write both. */
function textMember(value: JsonObject, name: string): string | undefined {
  const text = value[name] ?? '';
  if (typeof text !== 'string') throw new SyntaxError(`${name} is not text`);
  return text === '' ? undefined : text;
}

function textsMember(value: JsonObject, name: string): readonly string[] | undefined {
  const texts: JsonValue = value[name] ?? null;
  if (texts === null) return undefined;
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string'))
    throw new SyntaxError(`${name} is not a list of texts`);
  return texts;
}

function objectMember(value: JsonObject, name: string): JsonObject | undefined {
  const member: JsonValue = value[name] ?? null;
  if (member === null) return undefined;
  if (!isJsonObject(member)) throw new SyntaxError(`${name} is not an object`);
  return member;
}
