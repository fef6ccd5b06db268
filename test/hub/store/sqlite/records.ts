import * as fc from 'fast-check';
import type { DeviceRecord } from '../../../../src/hub/core/ports.ts';
import { viewTwin } from '../../../../src/hub/core/twins/twin-view.ts';
import { readPath, type PathResolver } from '../../../../src/protocol/query/index.ts';
import { emptySection, replaceSection, type TwinSection } from '../../../../src/protocol/twin/index.ts';
import type { JsonObject, JsonValue } from '../../../../src/std/json.ts';
import { denseObject } from '../../../protocol/query/arbitraries.ts';

/** A device as the hub's core would store it, changed as the test wants. */
export function deviceRecord(deviceId: string, changes: Partial<DeviceRecord> = {}): DeviceRecord {
  return {
    deviceId,
    moduleId: '',
    managedBy: null,
    deviceScope: null,
    parentScopes: [],
    configurations: {},
    generationId: '637000000000000000',
    revision: 1,
    identityCounter: 1,
    twinCounter: 1,
    twinVersion: 2,
    status: 'enabled',
    statusReason: null,
    statusUpdatedTime: 0,
    authType: 'sas',
    primaryKey: 'a2V5LW9uZS1rZXktb25l',
    secondaryKey: 'a2V5LXR3by1rZXktdHdv',
    primaryThumbprint: null,
    secondaryThumbprint: null,
    iotEdge: false,
    modelId: '',
    tags: {},
    desired: emptySection(1_700_000_000_000),
    reported: emptySection(1_700_000_000_000),
    connectionState: 'Disconnected',
    connectionStateUpdatedTime: 0,
    lastActivityTime: 0,
    ...changes,
  };
}

/** A section as a write of this content leaves it. */
export function section(content: JsonObject, now = 1_700_000_000_000): TwinSection {
  return replaceSection(emptySection(now), content, { now, stampVersions: true });
}

/** What the reference evaluator sees of a record: its twin. */
export function twinResolver(record: DeviceRecord): PathResolver {
  const twin = viewTwin(record, { count: () => 0 }) as unknown as JsonValue;
  return (segments) => readPath(twin, segments);
}

const time = fc.constantFrom(0, 1, 1_700_000_000_000, 1_700_000_000_123, 1_799_999_999_999);
const thumbprint = fc.option(fc.constantFrom('a', 'AB'));

/** A random device; its id is given, so that a set of them can be unique. */
export function anyRecord(deviceId: string): fc.Arbitrary<DeviceRecord> {
  return fc
    .record({
      status: fc.constantFrom('enabled' as const, 'disabled' as const),
      statusReason: fc.option(fc.constantFrom('', 'broken', 'a')),
      statusUpdatedTime: time,
      lastActivityTime: time,
      connectionState: fc.constantFrom('Connected' as const, 'Disconnected' as const),
      authType: fc.constantFrom('sas' as const, 'selfSigned' as const),
      primaryThumbprint: thumbprint,
      secondaryThumbprint: thumbprint,
      iotEdge: fc.boolean(),
      deviceScope: fc.option(fc.constantFrom('ms-azure-iot-edge://a-1', '')),
      parentScopes: fc.constantFrom([], ['ms-azure-iot-edge://a-1'], ['a', 'b']),
      configurations: fc.constantFrom({}, { base: { status: 'Applied' } }, { 'a-b': { status: 'Targeted' } }),
      modelId: fc.constantFrom('', 'dtmi:example:pump;1'),
      twinVersion: fc.integer({ min: 1, max: 3 }),
      twinCounter: fc.integer({ min: 1, max: 3 }),
      identityCounter: fc.integer({ min: 1, max: 2 }),
      tags: denseObject,
      desired: denseObject.map((content) => section(content)),
      reported: denseObject.map((content) => section(content, 1_700_000_000_500)),
    })
    .map((changes) => deviceRecord(deviceId, changes));
}
