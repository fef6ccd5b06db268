/** Artifacts: firmware files by the SHA-256 of their content. An extension of iotctl's own hub. */

/**
 * `GET {path}` lists them; `PUT|HEAD|GET {path}/{sha256}` brings one, asks for it and fetches it; `POST {path}/{sha256}/sign`, with
 * {@link ArtifactSignRequest}, gives an address that opens it without any other credential.
 */
export const artifactsPath = '/iotctl/artifacts';

/** Of the answer to HEAD, beside its Content-Length: ISO 8601. */
export const storedAtHeader = 'x-iotctl-stored-at';

/** How many artifacts one page of a list holds at most. */
export const artifactPageSize = 1_000;

/** What one artifact may hold, bytes. */
export const largestArtifact = 64 * 1024 ** 3;

export interface ArtifactAnswer {
  readonly sha256: string;
  readonly size: number;
  /** ISO 8601. */
  readonly storedAt: string;
}

/** A page of artifacts in the order of their digests. */
export interface ArtifactPage {
  readonly artifacts: readonly ArtifactAnswer[];
  /** The `after` of the next page; null after the last. */
  readonly next: string | null;
}

export interface ArtifactSignRequest {
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

export interface ArtifactGrant {
  /** Opens this artifact alone, to GET and HEAD. A secret. */
  readonly url: string;
  /** ISO 8601; whole seconds. */
  readonly expiresAt: string;
}

/** True for the name of an artifact: 64 hexadecimal digits in lower case. */
export function isArtifactName(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
