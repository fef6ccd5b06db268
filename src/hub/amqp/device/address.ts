import { isDeviceId } from '../../../protocol/device-id.ts';
import { identityPath, type IdentityPath } from '../../../protocol/identity-path.ts';

/** What a device link is for. Source: device.md §4.3. */
type DeviceLinkKind = 'telemetry' | 'messages' | 'methods' | 'twin';

export interface DeviceAddress {
  readonly kind: DeviceLinkKind;
  /** The identity with its ids as written, then with them decoded where that differs: Node writes them raw, C# and Java encoded. */
  readonly identities: readonly IdentityPath[];
}

const kinds: ReadonlyMap<string, DeviceLinkKind> = new Map([
  ['messages/events', 'telemetry'],
  ['messages/devicebound', 'messages'],
  ['methods/devicebound', 'methods'],
  ['twin', 'twin'],
]);

/** Reads `/devices/{d}[/modules/{m}]/…`; undefined when it is no address of a device. The fixed words may have any case. */
export function parseDeviceAddress(address: string): DeviceAddress | undefined {
  const segments = address.replace(/^\//, '').replace(/\/$/, '').split('/');
  if (segments[0]?.toLowerCase() !== 'devices' || segments.length < 3) return undefined;
  const isModule = segments[2]?.toLowerCase() === 'modules' && segments.length > 4;
  const deviceId = segments[1] ?? '';
  const moduleId = isModule ? (segments[3] ?? '') : '';
  const kind = kinds.get(
    segments
      .slice(isModule ? 4 : 2)
      .join('/')
      .toLowerCase(),
  );
  if (kind === undefined) return undefined;
  return { kind, identities: identitiesOf(deviceId, moduleId) };
}

function identitiesOf(deviceId: string, moduleId: string): readonly IdentityPath[] {
  const pairs = [
    [deviceId, moduleId],
    [decoded(deviceId), decoded(moduleId)],
  ] as const;
  const valid = pairs.filter(([device, module]) => isDeviceId(device) && (module === '' || isDeviceId(module)));
  return [...new Set(valid.map(([device, module]) => identityPath(device, module)))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
