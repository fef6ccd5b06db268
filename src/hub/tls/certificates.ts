import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../../errors/index.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import { issueApart } from './issue-apart.ts';
import type { CertificatePair } from '../../x509/pair.ts';

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
  const files = { authority: pairFiles(directory, 'ca'), server: pairFiles(directory, 'server') };
  const caFile = files.authority.certificate;
  const stored = await readPair(files.authority);
  const authority = stored !== undefined && lasts(stored, now) ? stored : undefined;
  if (authority === undefined) await requireReplaceable(caFile, now);
  if (authority !== undefined) {
    const server = await readPair(files.server);
    const fits = server !== undefined && lasts(server, now) && signedBy(server, authority) && covers(server, hostNames);
    if (fits) return { server, caFile };
  }
  const issued = await issueApart({ authority: authority ?? null, hostNames, now });
  if (authority === undefined) await writePair(files.authority, issued.authority);
  await writePair(files.server, issued.server);
  return { server: issued.server, caFile };
}

/**
 * An authority is replaced when it ends, and not because it cannot be read: everybody who trusts it would have to be told. Between the
 * writes of its two files a start that was cut short leaves a new key beside an old certificate, which has ended then.
 */
async function requireReplaceable(caFile: string, now: number): Promise<void> {
  const certificate = await readIfThere(caFile);
  if (certificate === undefined || hasEnded(certificate, now)) return;
  throw new Failure('invalid-config', `${caFile} and its key do not belong together`, {
    hint: 'restore both files, or remove them to have new ones made',
  });
}

function hasEnded(certificate: string, now: number): boolean {
  try {
    return !lasts({ certificate, key: '' }, now);
  } catch {
    return false;
  }
}

interface PairFiles {
  readonly certificate: string;
  readonly key: string;
}

function pairFiles(directory: string, name: string): PairFiles {
  return { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
}

/** Undefined when a file is missing, or when a start was cut short between the two and they do not belong together. */
async function readPair(files: PairFiles): Promise<CertificatePair | undefined> {
  const certificate = await readIfThere(files.certificate);
  const key = await readIfThere(files.key);
  if (certificate === undefined || key === undefined) return undefined;
  const pair = { certificate, key };
  return belongTogether(pair, files.certificate) ? pair : undefined;
}

async function writePair(files: PairFiles, pair: CertificatePair): Promise<void> {
  // The key first: a certificate on disk always has its key beside it.
  await writeFileAtomic(files.key, pair.key, 0o600);
  await writeFileAtomic(files.certificate, pair.certificate, 0o644);
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function belongTogether({ certificate, key }: CertificatePair, file: string): boolean {
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
