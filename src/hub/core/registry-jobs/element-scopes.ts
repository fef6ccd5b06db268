import { HubError } from '../../../protocol/hub-errors.ts';
import type { JsonObject, JsonValue } from '../../../std/json.ts';
import type { RegistryService } from '../services.ts';

const pattern = /^ms-azure-iot-edge:\/\/([^/]+)-\d{1,20}$/;

/** Writes the scopes of edge devices as this hub knows them: each hub makes its own, and a file has those of the hub it comes from. */
export function createScopeWriter(
  registry: Pick<RegistryService, 'get'>,
): (element: JsonObject) => Promise<JsonObject> {
  const known = new Map<string, string>();

  async function scopeOf(deviceId: string): Promise<string | undefined> {
    const found = known.get(deviceId);
    if (found !== undefined) return found;
    try {
      const { deviceScope } = await registry.get(deviceId);
      if (deviceScope !== undefined) known.set(deviceId, deviceScope);
      return deviceScope;
    } catch (error) {
      if (error instanceof HubError && error.status === 404) return undefined;
      throw error;
    }
  }

  async function translate(scope: JsonValue): Promise<JsonValue> {
    const deviceId = typeof scope === 'string' ? pattern.exec(scope)?.[1] : undefined;
    return deviceId === undefined ? scope : ((await scopeOf(deviceId)) ?? scope);
  }

  return async (element) => {
    const { deviceScope = null, parentScopes = null } = element;
    const written = { ...element };
    if (deviceScope !== null) written['deviceScope'] = await translate(deviceScope);
    if (Array.isArray(parentScopes)) written['parentScopes'] = await Promise.all(parentScopes.map(translate));
    return written;
  };
}
