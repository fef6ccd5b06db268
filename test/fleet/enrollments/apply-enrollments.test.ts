import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectProvisioning, type Provisioning } from '../../../src/client/index.ts';
import {
  applyEnrollments,
  findEnrollment,
  listEnrollments,
  readEnrollmentDocuments,
  type EnrollmentOutcome,
} from '../../../src/fleet/enrollments/index.ts';
import { parsePolicyConnectionString } from '../../../src/protocol/connection-string.ts';
import type { JsonValue } from '../../../src/std/json.ts';
import { startTestHub, type TestHub } from '../../integration/test-hub.ts';
import { makeCertificate } from '../../sdk/certificates.ts';
import { realClock } from '../../support/real-clock.ts';

describe('enrollments by a file', () => {
  let hub: TestHub;
  let provisioning: Provisioning;
  let directory: string;
  const { signal } = new AbortController();
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iotctl-enrollments-'));
    hub = await startTestHub();
    const connection = {
      ...parsePolicyConnectionString(hub.info.dps.connectionString),
      name: 'test',
      kind: 'local',
      auth: 'key',
      serviceUrl: `http://127.0.0.1:${hub.info.ports.http}`,
      source: 'flag',
    } as const;
    provisioning = await connectProvisioning(connection, { clock: realClock, random: () => 0 });
  });
  afterEach(async () => {
    await provisioning.close();
    await hub.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function apply(value: JsonValue, dryRun = false): Promise<EnrollmentOutcome[]> {
    const documents = await readEnrollmentDocuments(value, directory);
    return Array.fromAsync(applyEnrollments(provisioning, documents, { dryRun, signal }));
  }

  const truck = { registrationId: 'truck-1', attestation: { type: 'symmetricKey' } };

  it('creates what is missing, changes what differs, and leaves the rest alone', async () => {
    const group = { enrollmentGroupId: 'trucks', attestation: { type: 'symmetricKey' } };
    expect(await apply({ enrollments: [truck], enrollmentGroups: [group] }, true)).toMatchObject([
      { kind: 'individual', id: 'truck-1', result: 'create' },
      { kind: 'group', id: 'trucks', result: 'create' },
    ]);
    await expect(provisioning.enrollments.get('truck-1')).rejects.toMatchObject({ code: 'not-found' });
    expect((await apply([truck, group])).map(({ result }) => result)).toEqual(['created', 'created']);
    const keys = await provisioning.groups.attestation('trucks');
    const changed = { ...group, initialTwin: { tags: { site: 'north' } }, provisioningStatus: 'disabled' };
    expect(await apply([truck, changed])).toMatchObject([
      { result: 'unchanged', differences: [] },
      { result: 'changed', differences: ['initialTwin.tags.site', 'provisioningStatus'] },
    ]);
    expect(await provisioning.groups.attestation('trucks')).toEqual(keys);
    expect((await apply([truck, changed])).map(({ result }) => result)).toEqual(['unchanged', 'unchanged']);
  });

  it('notices other keys, and never says them', async () => {
    await apply(truck);
    const primaryKey = Buffer.alloc(32, 7).toString('base64');
    const keyed = { ...truck, attestation: { type: 'symmetricKey', symmetricKey: { primaryKey } } };
    const outcomes = await apply(keyed);
    expect(outcomes).toMatchObject([{ result: 'changed', differences: ['attestation.symmetricKey.primaryKey'] }]);
    expect(JSON.stringify(outcomes)).not.toContain(primaryKey);
    expect((await apply(keyed))[0]?.result).toBe('unchanged');
    expect((await provisioning.enrollments.attestation('truck-1')).symmetricKey?.primaryKey).toBe(primaryKey);
  });

  it('reads certificates from files, and tells them by their digest', async () => {
    const [one, two] = [
      await makeCertificate('CA', { authority: true }),
      await makeCertificate('CA', { authority: true }),
    ];
    await writeFile(join(directory, 'ca.pem'), one.cert);
    const signingCertificates = { primary: { certificateFile: 'ca.pem' } };
    const group = { enrollmentGroupId: 'g', attestation: { type: 'x509', x509: { signingCertificates } } };
    expect((await apply(group))[0]?.result).toBe('created');
    expect((await apply(group))[0]?.result).toBe('unchanged');
    await writeFile(join(directory, 'ca.pem'), two.cert);
    expect(await apply(group, true)).toMatchObject([
      { result: 'change', differences: ['attestation.x509.signingCertificates.primary.sha256'] },
    ]);
  });

  it('when the service refuses one, then the others are applied all the same', async () => {
    const wrong = { registrationId: 'wrong', attestation: { type: 'none' } };
    expect(await apply([wrong, truck])).toMatchObject([
      { id: 'wrong', result: 'failed', error: { code: 'refused' } },
      { id: 'truck-1', result: 'created' },
    ]);
  });

  it('when an answer of the service is applied again, then nothing changes', async () => {
    await apply({ ...truck, initialTwin: { properties: { desired: { a: 1 } } } });
    const answer = JSON.parse(JSON.stringify(await provisioning.enrollments.get('truck-1'))) as JsonValue;
    expect((await apply(answer))[0]?.result).toBe('unchanged');
  });

  it('finds either kind by its id, and lists both', async () => {
    await apply([truck, { enrollmentGroupId: 'trucks', attestation: { type: 'symmetricKey' } }]);
    const found = await findEnrollment(provisioning, 'trucks', { secrets: true, signal });
    expect(found).toMatchObject({ kind: 'group', secrets: { symmetricKey: { primaryKey: expect.any(String) } } });
    await expect(
      findEnrollment(provisioning, 'trucks', { kind: 'individual', secrets: false, signal }),
    ).rejects.toMatchObject({
      code: 'not-found',
    });
    const rows = await Array.fromAsync(listEnrollments(provisioning, ['individual', 'group'], signal));
    expect(rows).toMatchObject([
      { kind: 'individual', id: 'truck-1', attestation: 'symmetricKey', registration: null },
      { kind: 'group', id: 'trucks' },
    ]);
  });

  it.each([
    ['neither id', {}],
    ['both ids', { registrationId: 'a', enrollmentGroupId: 'b' }],
    ['an id that is none', { registrationId: 'a b' }],
    ['an unknown member', { registrationId: 'a', tags: {} }],
    ['two of a name', [truck, { ...truck, registrationId: 'TRUCK-1' }]],
    ['text', 'truck'],
  ])('refuses a file with %s', async (_name, value) => {
    await expect(readEnrollmentDocuments(value as JsonValue, '.')).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
