import { X509Certificate } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toFailure } from '../../errors/index.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import { readGivenText } from '../../std/given-file.ts';
import type { CertificatePair } from '../../x509/index.ts';

export interface IssueOptions {
  /** The common name: of a device its id, of a module `DEVICE/MODULE`. */
  readonly name: string;
  /** A CA of its own, instead of a device's certificate. */
  readonly authority: boolean;
  /** PEM files of the CA that signs; a device's certificate signs itself without them. */
  readonly signer?: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  readonly days: number;
  readonly directory: string;
  /** Replace files that are there. */
  readonly force: boolean;
  /** Unix milliseconds. */
  readonly now: number;
}

/** A certificate that was made; the files are readable by their owner alone. */
export interface IssuedCertificate {
  readonly name: string;
  readonly kind: 'authority' | 'signed' | 'self-signed';
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly sha1: string;
  readonly sha256: string;
  /** ISO 8601. */
  readonly expires: string;
}

/**
 * Makes a certificate and its key. A signed one's file holds the CA's certificate after its own, because devices send both.
 * Failures: usage, invalid-value, conflict (a file is there), file-not-found, invalid-input, permission-denied, disk-full, io.
 */
export async function issueCertificate(options: IssueOptions): Promise<IssuedCertificate> {
  const files = filesFor(options.directory, options.name);
  if (!options.force) await refuseExisting(files);
  const signer = options.signer === undefined ? undefined : await readPair(options.signer);
  const pair = await make(options, signer);
  const certificate = new X509Certificate(pair.certificate);
  const chain = signer === undefined ? pair.certificate : `${ended(pair.certificate)}${ended(signer.certificate)}`;
  try {
    await mkdir(options.directory, { recursive: true });
    await writeFileAtomic(files.keyFile, ended(pair.key), 0o600);
    await writeFileAtomic(files.certificateFile, ended(chain), 0o600);
  } catch (error) {
    throw toFailure(error, files.keyFile);
  }
  return {
    name: options.name,
    kind: options.authority ? 'authority' : signer === undefined ? 'self-signed' : 'signed',
    ...files,
    ...digestsOf(certificate),
    expires: new Date(certificate.validTo).toISOString(),
  };
}

/** The digests of a certificate as the registry takes them. */
function digestsOf(certificate: X509Certificate): { readonly sha1: string; readonly sha256: string } {
  return {
    sha1: certificate.fingerprint.replaceAll(':', ''),
    sha256: certificate.fingerprint256.replaceAll(':', ''),
  };
}

/** Reads a CA's certificate and key and makes sure that they belong together. Failures: file-not-found, invalid-input. */
export async function readPair(files: {
  readonly certificateFile: string;
  readonly keyFile: string;
}): Promise<CertificatePair> {
  const [certificate, key] = await Promise.all([readText(files.certificateFile), readText(files.keyFile)]);
  const parsed = parseCertificate(certificate, files.certificateFile);
  if (!parsed.ca) throw new Failure('invalid-input', `${files.certificateFile} is not the certificate of a CA`);
  const { createPrivateKey } = await import('node:crypto');
  const fits = ((): boolean => {
    try {
      return parsed.checkPrivateKey(createPrivateKey(key));
    } catch {
      return false;
    }
  })();
  if (!fits) throw new Failure('invalid-input', `${files.keyFile} is not the key of ${files.certificateFile}`);
  // WebCrypto reads PKCS #8 alone; older tools write other forms.
  return { certificate, key: createPrivateKey(key).export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/** Failure: invalid-input. */
export function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new Failure('invalid-input', `${file} is not a certificate in PEM`, { cause: error });
  }
}

/** Failures: file-not-found, permission-denied, io. */
export async function readText(file: string): Promise<string> {
  try {
    return await readGivenText(file);
  } catch (error) {
    throw toFailure(error, file);
  }
}

async function make(options: IssueOptions, signer: CertificatePair | undefined): Promise<CertificatePair> {
  const { issueAuthority, issueClient, issueSelfSigned } = await import('../../x509/index.ts');
  const { name: commonName, days, now } = options;
  if (options.authority) {
    if (signer !== undefined) throw new Failure('usage', 'an authority of its own is not signed by another');
    return issueAuthority(now, { commonName, days });
  }
  return signer === undefined
    ? issueSelfSigned({ commonName, days, now })
    : issueClient(signer, { commonName, days, now });
}

function filesFor(directory: string, name: string): { certificateFile: string; keyFile: string } {
  // Ids may hold characters that a file name must not.
  const stem = name.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');
  return { certificateFile: join(directory, `${stem}.pem`), keyFile: join(directory, `${stem}.key`) };
}

async function refuseExisting(files: Readonly<Record<string, string>>): Promise<void> {
  for (const file of Object.values(files)) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) throw new Failure('conflict', `${file} is there already`, { hint: 'add --force to replace it' });
  }
}

function ended(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}
