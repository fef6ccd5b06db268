import { parseQuery } from '../../../protocol/query/index.ts';
import { etagOf, readSection } from '../../../protocol/twin/index.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { DeviceRecord, RegistryStore } from '../ports.ts';

const pageSize = 1_000;
/** Devices first: a module comes below a device that is there. */
const sources = ['devices', 'devices.modules'] as const;

/** Every identity as a line of an export, and how many there were so far. Source: service.md §2.7, §6.3. */
export async function* exportLines(
  store: Pick<RegistryStore, 'query'>,
  options: { readonly withKeys: boolean; readonly signal: AbortSignal; readonly onPage: (identities: number) => void },
): AsyncGenerator<Uint8Array, void, undefined> {
  let identities = 0;
  for (const source of sources) {
    const query = parseQuery(`SELECT * FROM ${source}`);
    let after: string | undefined;
    do {
      options.signal.throwIfAborted();
      const page = await store.query(query, { limit: pageSize, ...(after !== undefined && { after }) });
      if (page.type !== 'Twin') throw new Error('a query for whole twins answered something else');
      const lines = page.rows.map((record) => `${JSON.stringify(lineOf(record, options.withKeys))}\n`);
      identities += lines.length;
      options.onPage(identities);
      yield Buffer.from(lines.join(''));
      after = page.next;
    } while (after !== undefined);
  }
}

function lineOf(record: DeviceRecord, withKeys: boolean): JsonObject {
  const keys = withKeys && record.authType === 'sas';
  const line: JsonObject = {
    id: record.deviceId,
    ...(record.moduleId !== '' && { moduleId: record.moduleId }),
    eTag: etagOf(record.identityCounter),
    ...(record.moduleId === '' && { status: record.status }),
    ...(record.statusReason !== null && { statusReason: record.statusReason }),
    authentication: {
      type: record.authType,
      ...(keys && { symmetricKey: { primaryKey: record.primaryKey, secondaryKey: record.secondaryKey } }),
      x509Thumbprint: { primaryThumbprint: record.primaryThumbprint, secondaryThumbprint: record.secondaryThumbprint },
    },
    twinETag: etagOf(record.twinCounter),
    tags: record.tags,
    properties: {
      desired: readSection(record.desired, { metadata: true }),
      reported: readSection(record.reported, { metadata: true }),
    },
  };
  if (record.managedBy !== null) line['managedBy'] = record.managedBy;
  if (record.moduleId === '') line['capabilities'] = { iotEdge: record.iotEdge };
  if (record.deviceScope !== null) line['deviceScope'] = record.deviceScope;
  if (record.parentScopes.length > 0) line['parentScopes'] = [...record.parentScopes];
  return line;
}
