import { blobAccount, type BlobAddress } from './service.ts';

const longestName = 1_024;
const mostSegments = 254;
const containerPattern = /^[a-z0-9](?:-?[a-z0-9]){2,62}$/;

/** What is wrong with a container's name, or undefined. */
export function containerProblem(container: string): string | undefined {
  const valid = container.length <= 63 && containerPattern.test(container);
  return valid ? undefined : 'must be 3 to 63 lower-case letters, digits and single dashes';
}

/** What is wrong with a blob's name, or undefined. Slashes are allowed; a name is never a path of this machine. */
export function blobNameProblem(name: string): string | undefined {
  if (name === '' || name.length > longestName) return `must have 1 to ${longestName} characters`;
  // oxlint-disable-next-line no-control-regex -- control characters have no form in XML, and none in a URL that survives
  if (/[\u0000-\u001f\u007f\ufffe\uffff]/.test(name) || !name.isWellFormed()) return 'must not hold control characters';
  const segments = name.split('/');
  if (segments.length > mostSegments) return `must not have more than ${mostSegments} parts`;
  // Clients fold these away before they send the address, and would reach another blob.
  return segments.some((segment) => segment === '.' || segment === '..') ? 'must not hold . or .. parts' : undefined;
}

/** Where a blob or a container stands below the host, percent-encoded. */
export function blobPath({ container, blob }: { container: string; blob?: string | undefined }): string {
  const segments = blob === undefined ? [] : blob.split('/').map(encodeURIComponent);
  return `/${[blobAccount, container, ...segments].join('/')}`;
}

/** The place a decoded path names, `/blobs/{container}[/{blob}]`; undefined when it is none of the endpoint's. */
export function placeOfPath(path: string): { container: string; blob: string | undefined } | undefined {
  const match = /^\/+([^/]+)\/+([^/]+)(?:\/(.*))?$/s.exec(path);
  if (match === null || match[1]?.toLowerCase() !== blobAccount) return undefined;
  const blob = match[3] ?? '';
  return { container: match[2] ?? '', blob: blob === '' ? undefined : blob };
}

/** The key a blob is kept under: containers hold no slash, so no two addresses share one. */
export function blobKey({ container, blob }: BlobAddress): string {
  return `${container}/${blob}`;
}
