import type { AuthorityCertificate } from '../../protocol/certificates.ts';
import type { Hub } from '../ports.ts';
import { parseCertificate, readPair, readText } from './issue-certificate.ts';

/** A proof is used at once. */
const proofDays = 1;

/** Uploads a CA certificate. `file` is PEM. Failures: those of the file, unsupported, conflict, changed-meanwhile. */
export async function addAuthority(
  hub: Pick<Hub, 'certificates'>,
  name: string,
  options: {
    readonly file: string;
    readonly isVerified: boolean;
    readonly replace: boolean;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<AuthorityCertificate> {
  const { file, isVerified, replace, signal } = options;
  // Of a file with several certificates the first; nothing else in the file is sent, a key above all.
  const certificate = parseCertificate(await readText(file), file).toString();
  return hub.certificates.put(name, { certificate, isVerified, ...(replace && { etag: '*' }), signal });
}

/** Proves that the CA's key is at hand: signs a certificate over a fresh code, here, and shows it to the hub. */
export async function verifyWithKey(
  hub: Pick<Hub, 'certificates'>,
  name: string,
  options: {
    readonly certificateFile: string;
    readonly keyFile: string;
    /** Unix milliseconds. */
    readonly now: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<AuthorityCertificate> {
  const { now, signal, ...files } = options;
  const authority = await readPair(files);
  const commonName = await hub.certificates.verificationCode(name, signal);
  const { issueClient } = await import('../../x509/index.ts');
  const proof = await issueClient(authority, { commonName, now, days: proofDays });
  return hub.certificates.verify(name, proof.certificate, signal);
}

/** Shows the hub a proof that was made elsewhere. */
export async function verifyWithProof(
  hub: Pick<Hub, 'certificates'>,
  name: string,
  file: string,
  signal?: AbortSignal,
): Promise<AuthorityCertificate> {
  return hub.certificates.verify(name, parseCertificate(await readText(file), file).toString(), signal);
}
