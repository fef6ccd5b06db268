import type { MethodResponse } from '../../../protocol/method.ts';
import type { JsonObject, JsonValue } from '../../../std/json.ts';
import type { CommandService, IfMatch, TwinService } from '../services.ts';
import { desiredPatchOf } from './json-patch.ts';
import { viewDigitalTwin } from './view.ts';

/** A command of a device's model, or of one of its components. */
export interface DigitalTwinCommand {
  readonly name: string;
  readonly component?: string | undefined;
  readonly payload: JsonValue;
  readonly connectTimeoutInSeconds?: number | undefined;
  readonly responseTimeoutInSeconds?: number | undefined;
}

/** Twins and methods in the words of a device's model. Source: service.md §3.4. */
export interface DigitalTwinService {
  get(deviceId: string): Promise<{ twin: JsonObject; etag: string }>;
  /** `body` is an untrusted JSON Patch; answers the twin's new etag. HubErrors InvalidDigitalTwin… and those of twins. */
  patch(deviceId: string, body: JsonValue, ifMatch: IfMatch): Promise<string>;
  invoke(deviceId: string, command: DigitalTwinCommand, signal: AbortSignal): Promise<MethodResponse>;
}

export function createDigitalTwins(twins: TwinService, commands: Pick<CommandService, 'invoke'>): DigitalTwinService {
  return {
    async get(deviceId) {
      const twin = await twins.get(deviceId);
      return { twin: viewDigitalTwin(twin), etag: twin.etag };
    },
    async patch(deviceId, body, ifMatch) {
      const { properties } = await twins.get(deviceId);
      const desired = desiredPatchOf(body, properties.desired);
      return (await twins.patch(deviceId, { properties: { desired } }, ifMatch)).etag;
    },
    async invoke(deviceId, { name, component, ...call }, signal) {
      // A device hears of a component's command under both names.
      const methodName = component === undefined ? name : `${component}*${name}`;
      return commands.invoke(deviceId, { methodName, ...call }, signal);
    },
  };
}
