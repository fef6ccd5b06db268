import { randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';
import type { Clock } from '../../../std/clock.ts';
import { authorityLimit, type AuthorityCertificate } from '../../../protocol/certificates.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { createKeyedQueue } from '../keyed-queue.ts';
import type { DocumentStore } from '../ports.ts';
import type { IfMatch } from '../services.ts';
import { fieldsOf, stringField } from '../untrusted.ts';
import { parseStored, toDocument, viewAuthority, type StoredAuthority } from './authority-document.ts';
import { issuedBy, readAuthority, readCertificate } from './read-certificate.ts';
import type { CertificateService } from './service.ts';

const collection = 'certificates';
const namePattern = /^[A-Za-z0-9._-]{1,64}$/;

export interface CertificateParts {
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

/** Certificate authorities with proof of possession. Every change is one after the other: there are few. */
export function createCertificates({ documents, clock }: CertificateParts): CertificateService {
  const queue = createKeyedQueue();
  let trusted: Promise<readonly Uint8Array[]> | undefined;

  async function all(): Promise<readonly StoredAuthority[]> {
    const found = await documents.list(collection, { limit: authorityLimit });
    return found.map(({ id, value }) => parseStored(id, value));
  }

  async function find(name: string): Promise<StoredAuthority | undefined> {
    const value = await documents.get(collection, name);
    return value === undefined ? undefined : parseStored(name, value);
  }

  async function require(name: string, ifMatch: IfMatch): Promise<StoredAuthority> {
    const authority = await find(name);
    if (authority === undefined) throw new HubError('NotFound', `There is no certificate '${name}'.`);
    checkEtag(authority, ifMatch);
    return authority;
  }

  async function store(authority: StoredAuthority): Promise<AuthorityCertificate> {
    await documents.write([{ kind: 'put', collection, id: authority.name, value: toDocument(authority) }]);
    trusted = undefined;
    return viewAuthority(authority);
  }

  async function readTrusted(): Promise<readonly Uint8Array[]> {
    try {
      return (await all()).filter(({ isVerified }) => isVerified).map(({ certificate }) => certificate);
    } catch (error) {
      // A failure is not kept: the next connection asks again.
      trusted = undefined;
      throw error;
    }
  }

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => queue.run([collection], work);

  return {
    list: async () => (await all()).map((authority) => viewAuthority(authority)),
    get: async (name) => viewAuthority(await require(name, undefined)),
    put: (name, body, ifMatch) =>
      inTurn(async () => {
        const now = clock.now();
        const properties = fieldsOf(fieldsOf(body, 'The body').get('properties'), 'properties');
        const certificate = readAuthority(stringField(properties, 'certificate'), now);
        const before = await find(name);
        await checkPut(documents, name, before, ifMatch);
        return store({
          name,
          certificate: certificate.raw,
          isVerified: properties.get('isverified') === true,
          verificationCode: undefined,
          created: before?.created ?? now,
          updated: now,
          revision: (before?.revision ?? 0) + 1,
        });
      }),
    newVerificationCode: (name, ifMatch) =>
      inTurn(async () => {
        const before = await require(name, ifMatch);
        const verificationCode = randomBytes(24).toString('hex').toUpperCase();
        const after = { ...before, verificationCode, updated: clock.now(), revision: before.revision + 1 };
        await store(after);
        return viewAuthority(after, verificationCode);
      }),
    verify: (name, body, ifMatch) =>
      inTurn(async () => {
        const before = await require(name, ifMatch);
        const proof = readCertificate(stringField(fieldsOf(body, 'The body'), 'certificate'));
        checkProof(proof, before, clock.now());
        // A code is good for one proof.
        return store({
          ...before,
          isVerified: true,
          verificationCode: undefined,
          updated: clock.now(),
          revision: before.revision + 1,
        });
      }),
    delete: (name, ifMatch) =>
      inTurn(async () => {
        await require(name, ifMatch);
        await documents.write([{ kind: 'delete', collection, id: name }]);
        trusted = undefined;
      }),
    trusted() {
      trusted ??= readTrusted();
      return trusted;
    },
  };
}

async function checkPut(
  documents: DocumentStore,
  name: string,
  before: StoredAuthority | undefined,
  ifMatch: IfMatch,
): Promise<void> {
  if (!namePattern.test(name))
    throw new HubError(
      'ArgumentInvalid',
      'A certificate name is 1 to 64 letters, digits, dots, dashes or underscores.',
    );
  if (before !== undefined && ifMatch === undefined)
    throw new HubError('PreconditionFailed', `There is a certificate '${name}' already, send If-Match to replace it.`);
  if (before !== undefined) checkEtag(before, ifMatch);
  else if ((await documents.count(collection)) >= authorityLimit)
    throw new HubError('GenericConflict', `A hub takes at most ${authorityLimit} certificates.`);
}

function checkEtag(authority: StoredAuthority, ifMatch: IfMatch): void {
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== viewAuthority(authority).etag)
    throw new HubError(
      'PreconditionFailed',
      `The certificate '${authority.name}' was changed since this etag was read.`,
    );
}

/** The proof must be signed by the CA and have the code as its common name. Failure: HubError ArgumentInvalid. */
function checkProof(proof: X509Certificate, authority: StoredAuthority, now: number): void {
  const code = authority.verificationCode;
  if (code === undefined) throw new HubError('ArgumentInvalid', 'Ask for a verification code first.');
  if (!issuedBy(proof, new X509Certificate(authority.certificate), now))
    throw new HubError('ArgumentInvalid', 'The certificate was not signed by this CA, or is not valid now.');
  const name: unknown = proof.toLegacyObject().subject.CN;
  if (typeof name !== 'string' || !sameText(name, code))
    throw new HubError('ArgumentInvalid', 'The common name of the certificate is not the verification code.');
}

function sameText(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
