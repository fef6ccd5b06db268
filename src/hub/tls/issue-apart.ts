import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { CertificatePair } from '../../x509/pair.ts';

export interface IssueRequest {
  /** Signs the server's certificate; made too when null. */
  readonly authority: CertificatePair | null;
  readonly hostNames: readonly string[];
  /** Unix milliseconds. */
  readonly now: number;
}

export interface Issued {
  readonly authority: CertificatePair;
  readonly server: CertificatePair;
}

/**
 * Makes certificates in a process that ends afterwards: the certificate library takes 15 MB, which a hub would carry for the rest
 * of its days (memory of an ended thread is not given back either). Keys pass through a pipe, never through a command line.
 */
export async function issueApart(request: IssueRequest): Promise<Issued> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(new URL(`./issue-process.${extension}`, import.meta.url), {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process that makes certificates ended with ${String(code)}`);
  });
  child.send(request);
  const [issued] = (await Promise.race([once(child, 'message'), ended])) as [Issued];
  ended.catch(() => undefined);
  return issued;
}
