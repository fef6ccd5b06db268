import { Failure, isFailure } from '../../errors/index.ts';
import type { AuthorityCertificate } from '../../protocol/certificates.ts';
import type { Hub } from '../ports.ts';
import { parseCertificate, readPair, readText } from './issue-certificate.ts';

/** A proof is used at once. */
const proofDays = 1;

/** Uploads a CA certificate; one that is there already is answered as it is. `file` is PEM. Failures: those of the file, unsupported, conflict. */
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
  const parsed = parseCertificate(await readText(file), file);
  const certificate = parsed.toString();
  try {
    return await hub.certificates.put(name, { certificate, isVerified, ...(replace && { etag: '*' }), signal });
  } catch (error) {
    if (replace || !isFailure(error, 'changed-meanwhile')) throw error;
    const there = await hub.certificates.get(name, signal);
    const isSame = there.properties.thumbprint === parsed.fingerprint.replaceAll(':', '');
    if (isSame && (there.properties.isVerified || !isVerified)) return there;
    throw new Failure(
      'conflict',
      isSame ? `certificate ${name} is there already and not verified` : `there is another certificate ${name} already`,
      {
        hint: isSame ? `iotctl certificate verify ${name}` : `iotctl certificate add ${name} ${file} --replace`,
        cause: error,
      },
    );
  }
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
