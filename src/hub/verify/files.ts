import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { messageOf } from '../../std/message-of.ts';
import type { DescribedFile } from './registry.ts';
import type { Findings } from './report.ts';

/** Compares each firmware file with its name, which is its SHA-256; how many there are. */
export async function checkArtifacts(dataDir: string, findings: Findings, signal?: AbortSignal): Promise<number> {
  const names = (await readdir(join(dataDir, 'artifacts')).catch(() => [])).filter((name) => !name.endsWith('.part'));
  for (const name of names) {
    signal?.throwIfAborted();
    const file = `artifacts/${name}`;
    try {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(join(dataDir, file))) hash.update(chunk as Buffer);
      if (hash.digest('hex') !== name) findings.add(file, 'its content is not what its name says; bring it again');
    } catch (error) {
      findings.add(file, `it cannot be read: ${messageOf(error)}`);
    }
  }
  return names.length;
}

/** Compares each file of a blob with what its document says of it; the names of those that are not there. */
export async function checkBlobs(
  dataDir: string,
  described: Iterable<DescribedFile>,
  findings: Findings,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { file: name, size, checksum } of described) {
    signal?.throwIfAborted();
    const file = `blobs/${name}`;
    try {
      let [found, bytes] = [0, 0];
      for await (const chunk of createReadStream(join(dataDir, file)) as AsyncIterable<Buffer>) {
        found = crc32(chunk, found);
        bytes += chunk.length;
      }
      if (bytes !== size || (checksum !== undefined && checksum !== found))
        findings.add(file, 'its content is not what was uploaded');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') missing.push(name);
      else findings.add(file, `it cannot be read: ${messageOf(error)}`);
    }
  }
  return missing;
}

/** Reads the authority's and the server's certificate and key; how many pairs there are. Made at the first start, so none is no fault. */
export async function checkCertificates(dataDir: string, findings: Findings): Promise<number> {
  const authority = await readPair(dataDir, 'ca', findings);
  const server = await readPair(dataDir, 'server', findings);
  if (authority !== undefined && server !== undefined && !server.verify(authority.publicKey))
    findings.add('tls/server.pem', 'it is not signed by the authority beside it');
  return [authority, server].filter((found) => found !== undefined).length;
}

async function readPair(dataDir: string, name: string, findings: Findings): Promise<X509Certificate | undefined> {
  const file = `tls/${name}.pem`;
  const [certificate, key] = await Promise.all(
    [file, `tls/${name}.key`].map((path) => readFile(join(dataDir, path), 'utf8').catch(() => undefined)),
  );
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    findings.add(file, 'one of the certificate and its key is missing');
    return undefined;
  }
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) findings.add(file, 'it does not belong to its key');
    // A bit may change in what nobody looks at; the signature covers all of it.
    if (name === 'ca' && !parsed.verify(parsed.publicKey)) findings.add(file, 'its signature does not hold');
    return parsed;
  } catch {
    findings.add(file, 'it or its key cannot be read as what it is');
    return undefined;
  }
}
