import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../../errors/index.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import type { CertificatePair } from './issue.ts';

/** What the TLS listeners need. */
export interface Certificates {
  /** The server's certificate and key, in PEM. */
  readonly server: CertificatePair;
  /** PEM file of the authority, for clients to trust. */
  readonly caFile: string;
}

/** A certificate with less time than this left is replaced at the next start. */
const renewBeforeMs = 30 * 86_400_000;

/**
 * The hub's certificates from `directory`, made where they are missing. The server's is issued anew when a host name was added or
 * it nears its end; the authority is kept, so that clients go on trusting the hub. Failure: `invalid-config` for a file that
 * cannot be read as what it is.
 */
export async function loadCertificates(
  directory: string,
  hostNames: readonly string[],
  now: number,
): Promise<Certificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const caFile = join(directory, 'ca.pem');
  const authority = await keepOrMake(
    caFile,
    join(directory, 'ca.key'),
    (pair) => lasts(pair, now),
    async () => {
      const { issueAuthority } = await import('./issue.ts');
      return issueAuthority(now);
    },
  );
  const fits = (pair: CertificatePair): boolean =>
    lasts(pair, now) && signedBy(pair, authority) && covers(pair, hostNames);
  const server = await keepOrMake(join(directory, 'server.pem'), join(directory, 'server.key'), fits, async () => {
    const { issueServer } = await import('./issue.ts');
    return issueServer(authority, hostNames, now);
  });
  return { server, caFile };
}

async function keepOrMake(
  certificateFile: string,
  keyFile: string,
  fits: (pair: CertificatePair) => boolean,
  make: () => Promise<CertificatePair>,
): Promise<CertificatePair> {
  const certificate = await readIfThere(certificateFile);
  const key = await readIfThere(keyFile);
  if (certificate !== undefined && key !== undefined) {
    const pair = { certificate, key };
    if (checkPair(pair, certificateFile) && fits(pair)) return pair;
  }
  const made = await make();
  // The key first: a certificate on disk always has its key beside it.
  await writeFileAtomic(keyFile, made.key, 0o600);
  await writeFileAtomic(certificateFile, made.certificate, 0o644);
  return made;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** False when the key is not the certificate's: a start was cut short between the two files. */
function checkPair({ certificate, key }: CertificatePair, file: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new Failure('invalid-config', `${file} or its key is damaged`, {
      cause: error,
      hint: 'restore both files, or remove them to have new ones made',
    });
  }
}

function lasts({ certificate }: CertificatePair, now: number): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) - now > renewBeforeMs;
}

function signedBy({ certificate }: CertificatePair, authority: CertificatePair): boolean {
  return new X509Certificate(certificate).verify(new X509Certificate(authority.certificate).publicKey);
}

function covers({ certificate }: CertificatePair, hostNames: readonly string[]): boolean {
  const parsed = new X509Certificate(certificate);
  return hostNames.every((name) => (isIP(name) === 0 ? parsed.checkHost(name) : parsed.checkIP(name)) !== undefined);
}
