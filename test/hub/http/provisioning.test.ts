import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSasToken } from '../../../src/protocol/sas-token.ts';
import { openHttp, type HttpFixture } from '../../support/http-fixture.ts';

const policy = 'provisioningserviceowner';
const attestation = { type: 'symmetricKey' };

describe('the service API of provisioning', () => {
  let fixture: HttpFixture;
  beforeEach(async () => {
    fixture = await openHttp();
  });
  afterEach(() => fixture.close());

  const put = (id: string, body: object = {}, headers: Record<string, string> = {}) =>
    fixture.call('PUT', `/enrollments/${id}`, { body: { registrationId: id, attestation, ...body }, headers, policy });

  it('when an enrollment is put, then it has keys, and later shows them only to who asks for them', async () => {
    const made = await put('r1');
    expect(made.status).toBe(200);
    expect(made.headers['etag']).toBe(`"${made.body.etag}"`);
    const { symmetricKey } = made.body.attestation;
    expect((await fixture.call('GET', '/enrollments/R1', { policy })).body.attestation).toEqual(attestation);
    const secrets = await fixture.call('POST', '/enrollments/r1/attestationmechanism', { policy });
    expect(secrets.body).toEqual({ type: 'symmetricKey', symmetricKey });
    // A service that sends back what it read keeps the keys.
    const again = await put('r1', { provisioningStatus: 'disabled' });
    expect(again.body.attestation.symmetricKey).toEqual(symmetricKey);
  });

  it('when the etag is another, then 412 in the form of this service', async () => {
    await put('r1');
    const answer = await put('r1', {}, { 'if-match': 'other' });
    expect(answer.status).toBe(412);
    expect(answer.headers['x-ms-error-code']).toBe('412001');
    expect(answer.body).toMatchObject({
      errorCode: 412001,
      trackingId: expect.any(String),
      timestampUtc: expect.any(String),
    });
  });

  it.each([
    ['GET', '/enrollments/none', 404, 404201],
    ['GET', '/enrollmentGroups/none', 404, 404201],
    ['GET', '/registrations/none', 404, 404202],
    ['DELETE', '/enrollments/none', 404, 404201],
    ['POST', '/registrations/none/query', 404, 404201],
  ] as const)('%s %s is %i', async (method, path, status, errorCode) => {
    const answer = await fixture.call(method, path, { policy });
    expect(answer.status).toBe(status);
    expect(answer.body.errorCode).toBe(errorCode);
  });

  it.each([
    [{ attestation: { type: 'none' } }],
    [{ attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 'short' } } }],
    [{ attestation: { type: 'x509', x509: { clientCertificates: { primary: { certificate: 'AAAA' } } } } }],
    [{ allocationPolicy: 'custom' }],
    [{ allocationPolicy: 'custom', customAllocationDefinition: { webhookUrl: 'file:///etc/passwd' } }],
    [{ initialTwin: { tags: { 'a.b': 1 } } }],
    [{ deviceId: 'a/b' }],
    [{ iotHubs: 'all' }],
    [{ registrationId: 'another' }],
  ])('refuses %j', async (body) => {
    expect((await put('r1', body)).status).toBe(400);
    expect((await fixture.call('GET', '/enrollments/r1', { policy })).status).toBe(404);
  });

  it('pages, and says so by headers', async () => {
    for (const id of ['a', 'b', 'c']) await put(id);
    const query = { body: { query: 'SELECT * FROM enrollments' }, policy };
    const first = await fixture.call('POST', '/enrollments/query', {
      ...query,
      headers: { 'x-ms-max-item-count': '2' },
    });
    expect(first.body.map(({ registrationId }: { registrationId: string }) => registrationId)).toEqual(['a', 'b']);
    expect(first.headers['x-ms-item-type']).toBe('Enrollment');
    const continuation = String(first.headers['x-ms-continuation']);
    const second = await fixture.call('POST', '/enrollments/query', {
      ...query,
      headers: { 'x-ms-continuation': continuation },
    });
    expect(second.body).toHaveLength(1);
    expect(second.headers['x-ms-continuation']).toBeUndefined();
    const wrong = await fixture.call('POST', '/enrollments/query', { ...query, headers: { 'x-ms-continuation': '!' } });
    expect(wrong.status).toBe(400);
    const where = await fixture.call('POST', '/enrollments/query', {
      body: { query: "SELECT * WHERE a = 'b'" },
      policy,
    });
    expect(where.status).toBe(400);
  });

  it('tells of each element of a bulk what went wrong', async () => {
    await put('there');
    const enrollments = [
      { registrationId: 'there', attestation },
      { registrationId: 'new', attestation },
    ];
    const answer = await fixture.call('POST', '/enrollments', { body: { mode: 'create', enrollments }, policy });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      isSuccessful: false,
      errors: [{ registrationId: 'there', errorCode: 409201 }],
    });
    expect((await fixture.call('GET', '/enrollments/new', { policy })).status).toBe(200);
    const tooMany = Array.from({ length: 11 }, (_, index) => ({ registrationId: `r${index}`, attestation }));
    const refused = await fixture.call('POST', '/enrollments', {
      body: { mode: 'create', enrollments: tooMany },
      policy,
    });
    expect(refused.status).toBe(400);
  });

  it('needs its own rights, which the owner of the hub has too', async () => {
    for (const other of ['service', 'device', 'registryReadWrite'])
      expect((await fixture.call('GET', '/enrollments/r1', { policy: other })).status).toBe(401);
    expect((await fixture.call('GET', '/enrollments/r1', { policy: 'iothubowner' })).status).toBe(404);
    expect((await fixture.call('GET', '/devices', { policy })).status).toBe(401);
  });
});

describe('a device that registers over HTTPS', () => {
  let fixture: HttpFixture;
  let path: string;
  let authorization: string;
  beforeEach(async () => {
    fixture = await openHttp();
    const idScope = await fixture.core.provisioning.idScope();
    const made = await fixture.core.provisioning.enrollments.put('r1', { attestation }, undefined);
    path = `/${idScope}/registrations/r1`;
    authorization = createSasToken({
      resource: path.slice(1),
      key: made.attestation.symmetricKey?.primaryKey ?? '',
      keyName: 'registration',
      expiresAt: fixture.clock.now() / 1_000 + 60,
    });
  });
  afterEach(() => fixture.close());

  const call = (method: 'GET' | 'PUT' | 'POST', below: string, body?: object, token = authorization) =>
    fixture.call(method, `${path}${below}`, {
      body,
      policy: null,
      version: '2019-03-31',
      headers: token === '' ? {} : { authorization: token },
    });

  it('is told to come back, and then where it belongs', async () => {
    const begun = await call('PUT', '/register', { registrationId: 'r1' });
    expect(begun.status).toBe(202);
    expect(begun.headers['retry-after']).toBe('1');
    expect(begun.body).toMatchObject({ status: 'assigning', operationId: expect.stringMatching(/^5\.[0-9a-f]{16}\./) });
    let done = await call('GET', `/operations/${begun.body.operationId}`);
    while (done.status === 202) done = await call('GET', `/operations/${begun.body.operationId}`);
    expect(done.body).toMatchObject({
      status: 'assigned',
      registrationState: { assignedHub: 'localhost', deviceId: 'r1' },
    });
    expect((await call('POST', '')).body).toMatchObject({ registrationId: 'r1', status: 'assigned' });
  });

  it('is refused in the form of this service without a token, with another one, and with nonsense', async () => {
    for (const token of ['', 'SharedAccessSignature sr=x&sig=y&se=1']) {
      const answer = await call('PUT', '/register', {}, token);
      expect(answer.status).toBe(401);
      expect(answer.body.errorCode).toBe(401002);
    }
    expect((await call('PUT', '/register', { registrationId: 'other' })).status).toBe(400);
    expect((await call('GET', '/operations/none')).body.errorCode).toBe(404202);
    const large = await call('PUT', '/register', { payload: 'x'.repeat(100_000) });
    expect(large.status).toBe(413);
  });

  it('when it is a TPM that is not enrolled as one, then it gets no challenge', async () => {
    const tpm = { endorsementKey: 'AAAA', storageRootKey: 'AAAA' };
    const answer = await call('PUT', '/register', { tpm }, '');
    expect(answer.status).toBe(401);
    expect(answer.body.authenticationKey).toBeUndefined();
  });
});
