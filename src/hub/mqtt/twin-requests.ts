/** Twin reads and reported properties over MQTT. Source: device.md §2.6. */
import type { Clock } from '../../std/clock.ts';
import type { IdentityPath } from '../../protocol/identity-path.ts';
import { HubError } from '../../protocol/hub-errors.ts';
import { twinResponseTopic, type DeviceTopic } from '../../protocol/mqtt/index.ts';
import type { TwinService } from '../core/services.ts';
import type { HubLog } from '../log.ts';
import { twinFailure } from '../twin-failure.ts';

export type TwinRequest = Extract<DeviceTopic, { kind: 'twin-get' | 'twin-patch' }>;

export interface TwinAnswer {
  readonly topic: string;
  readonly payload: string;
}

export interface TwinRequestParts {
  readonly twins: TwinService;
  readonly clock: Clock;
  readonly log: HubLog;
  readonly identity: IdentityPath;
  /** A device that named no API version gets 400 (device.md §1.4). */
  readonly hasApiVersion: boolean;
}

/** Performs one request; never rejects. Undefined when the request asked for no answer. */
export async function answerTwinRequest(
  parts: TwinRequestParts,
  request: TwinRequest,
  body: string,
): Promise<TwinAnswer | undefined> {
  try {
    if (!parts.hasApiVersion)
      throw new HubError('InvalidProtocolVersion', 'Twin operations need an api-version in the user name.');
    return request.kind === 'twin-get' ? await readTwin(parts, request.rid) : await patchTwin(parts, request, body);
  } catch (error) {
    return request.rid === undefined ? undefined : errorAnswer(parts, request.rid, error);
  }
}

async function readTwin({ twins, identity }: TwinRequestParts, rid: string): Promise<TwinAnswer> {
  const twin = await twins.readAsDevice(identity);
  return { topic: twinResponseTopic(200, rid), payload: JSON.stringify(twin) };
}

async function patchTwin(
  { twins, identity }: TwinRequestParts,
  { rid, version }: Extract<TwinRequest, { kind: 'twin-patch' }>,
  body: string,
): Promise<TwinAnswer | undefined> {
  const newVersion = await twins.patchReported(identity, parsePatch(body), version);
  return rid === undefined ? undefined : { topic: twinResponseTopic(204, rid, newVersion), payload: '' };
}

function parsePatch(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new HubError('ArgumentInvalid', 'The reported properties are not valid JSON.');
  }
}

function errorAnswer(parts: TwinRequestParts, rid: string, error: unknown): TwinAnswer {
  const { status, body } = twinFailure(error, parts);
  return { topic: twinResponseTopic(status, rid), payload: body };
}
