/** One authority for every hub of the run, trusted by every test process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issueAuthority } from '../../src/x509/issue.ts';
import { environment } from './environment.ts';

export async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'iotctl-sdk-'));
  const authority = await issueAuthority(Date.now());
  const certificate = join(directory, 'ca.pem');
  await writeFile(certificate, authority.certificate);
  await writeFile(join(directory, 'ca.key'), authority.key, { mode: 0o600 });
  process.env[environment.authority] = directory;
  process.env['NODE_EXTRA_CA_CERTS'] = certificate;
  const reason = await whyNotPort443();
  if (reason !== undefined) {
    process.env[environment.skip] = reason;
    console.warn(`SDK tests are skipped: ${reason}`);
  }
  return () => rm(directory, { recursive: true, force: true });
}

/** The service SDKs cannot be told another port, and every test has a loopback address of its own to have that port on. */
async function whyNotPort443(): Promise<string | undefined> {
  const server = createServer();
  const result = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error) => resolve(`127.1.1.1:443 cannot be opened (${error.message})`));
    server.listen(443, '127.1.1.1', () => resolve(undefined));
  });
  server.close();
  return result;
}
