import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificates } from '../../../src/hub/core/certificates/certificates.ts';
import { issueAuthority, issueClient, type CertificatePair } from '../../../src/x509/index.ts';
import { memoryDocuments } from '../../support/memory-documents.ts';
import { openHttp, type HttpFixture } from '../../support/http-fixture.ts';

let fixture: HttpFixture;
let factory: CertificatePair;
let stranger: CertificatePair;

beforeAll(async () => {
  fixture = await openHttp();
  factory = await issueAuthority(fixture.clock.now(), { commonName: 'factory' });
  stranger = await issueAuthority(fixture.clock.now(), { commonName: 'stranger' });
});

afterAll(() => fixture.close());

const path = (name: string, action = '') => `/iotctl/certificates/${name}${action}`;
const upload = (name: string, certificate: string, headers: Record<string, string> = {}) =>
  fixture.call('PUT', path(name), { body: { properties: { certificate } }, headers });
const proof = async (authority: CertificatePair, commonName: string) =>
  (await issueClient(authority, { commonName, now: fixture.clock.now(), days: 1 })).certificate;

const codeOf = async (name: string): Promise<string> =>
  (await fixture.call('POST', path(name, '/generateVerificationCode'))).body.properties.verificationCode;
const verify = (name: string, certificate: string) =>
  fixture.call('POST', path(name, '/verify'), { body: { certificate } });

describe('uploading a CA', () => {
  test('when a CA is uploaded, then it is listed, not verified, and trusted by nobody', async () => {
    const answer = await upload('listed', factory.certificate);
    expect(answer).toMatchObject({
      status: 200,
      body: { name: 'listed', properties: { subject: 'CN=factory', isVerified: false } },
    });
    expect(answer.body.properties.thumbprint).toBe(
      new X509Certificate(factory.certificate).fingerprint.replaceAll(':', ''),
    );
    expect((await fixture.call('GET', '/iotctl/certificates')).body.value).toHaveLength(1);
    expect(await fixture.core.certificates.trusted()).toEqual([]);
  });

  test('when it comes as DER in base64, or a PEM encoded once more, then it is read', async () => {
    const der = new X509Certificate(factory.certificate).raw.toString('base64');
    expect((await upload('der', der)).status).toBe(200);
    expect((await upload('wrapped', Buffer.from(factory.certificate).toString('base64'))).status).toBe(200);
  });

  test.each([
    ['nothing', undefined],
    ['a text', 'hello'],
    ['a key', 'the key'],
    ['a certificate of no CA', 'a leaf'],
    ['a number', 7],
  ])('when %s is uploaded, then it is refused', async (_what, given) => {
    const certificate =
      given === 'the key' ? factory.key : given === 'a leaf' ? await proof(factory, 'device-1') : (given as string);
    expect((await upload('refused', certificate)).status).toBe(400);
    expect((await fixture.call('GET', path('refused'))).status).toBe(404);
  });

  test('when the name is taken, then it is replaced only with an etag, and has to be verified again', async () => {
    const first = await upload('taken', factory.certificate);
    expect((await upload('taken', stranger.certificate)).status).toBe(412);
    expect((await upload('taken', stranger.certificate, { 'if-match': '"AAAAAAAAAAk="' })).status).toBe(412);
    const second = await upload('taken', stranger.certificate, { 'if-match': `"${first.body.etag}"` });
    expect(second.body.properties).toMatchObject({ subject: 'CN=stranger', isVerified: false });
  });

  test('when 25 are there, then the next is refused', async () => {
    const one = await openHttp();
    const put = (index: number) =>
      one.call('PUT', path(`ca-${index}`), { body: { properties: { certificate: factory.certificate } } });
    for (let index = 0; index < 25; index++) expect((await put(index)).status).toBe(200);
    expect((await put(25)).status).toBe(409);
    await one.close();
  });

  test('when the policy may only read, then it lists and changes nothing', async () => {
    expect((await fixture.call('GET', '/iotctl/certificates', { policy: 'registryRead' })).status).toBe(200);
    const body = { properties: { certificate: factory.certificate, isVerified: true } };
    expect((await fixture.call('PUT', path('sneaky'), { policy: 'registryRead', body })).status).toBe(401);
    expect((await fixture.call('DELETE', path('listed'), { policy: 'service' })).status).toBe(401);
  });
});

describe('proving that the key is at hand', () => {
  test('when the CA signed the code, then it is trusted; the code is good for once', async () => {
    await upload('proved', factory.certificate);
    const code = await codeOf('proved');
    expect(code).toMatch(/^[0-9A-F]{48}$/);
    const certificate = await proof(factory, code);
    expect((await verify('proved', certificate)).body.properties.isVerified).toBe(true);
    expect(await fixture.core.certificates.trusted()).toHaveLength(1);
    expect((await verify('proved', certificate)).status).toBe(400);
    expect((await fixture.call('GET', path('proved'))).text).not.toContain(code);
  });

  test('when another CA signed it, or another name, or nobody asked, then it is refused', async () => {
    await upload('unproved', factory.certificate);
    expect((await verify('unproved', await proof(factory, 'guess'))).status).toBe(400);
    const code = await codeOf('unproved');
    expect((await verify('unproved', await proof(stranger, code))).status).toBe(400);
    expect((await verify('unproved', await proof(factory, `${code}0`))).status).toBe(400);
    expect((await fixture.call('GET', path('unproved'))).body.properties.isVerified).toBe(false);
  });

  test('when a trusted CA is deleted, then it is trusted no more', async () => {
    const before = (await fixture.core.certificates.trusted()).length;
    expect((await fixture.call('DELETE', path('proved'), { headers: { 'if-match': '*' } })).status).toBe(204);
    expect(await fixture.core.certificates.trusted()).toHaveLength(before - 1);
  });
});

test('when the store fails once, then the next connection asks again', async () => {
  const documents = memoryDocuments();
  const list = documents.list.bind(documents);
  const certificates = createCertificates({ documents, clock: fixture.clock });
  documents.list = () => Promise.reject(new Error('busy'));
  await expect(certificates.trusted()).rejects.toThrow('busy');
  documents.list = list;
  expect(await certificates.trusted()).toEqual([]);
});
