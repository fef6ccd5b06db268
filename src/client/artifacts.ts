/** A firmware file as a store keeps it. */
export interface StoredArtifact {
  readonly sha256: string;
  readonly size: number;
  /** ISO 8601. */
  readonly storedAt: string;
}

/**
 * Firmware files by the SHA-256 of their content: at iotctl's own hub as an extension, for a hub in the cloud in a storage container.
 * Failures: not-found, unsupported, disk-full, invalid-input when what arrives is not what its name says.
 */
export interface ArtifactStore {
  find(sha256: string, signal?: AbortSignal): Promise<StoredArtifact | undefined>;
  /** Streams a file up; one that is there already is not sent again. `onProgress` is told bytes. */
  put(
    artifact: { readonly sha256: string; readonly size: number },
    content: () => AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (bytes: number) => void },
  ): Promise<StoredArtifact>;
  list(signal?: AbortSignal): AsyncIterable<StoredArtifact>;
  /** An address that a device can fetch it from until `expiresAt` (Unix milliseconds) without any other credential. */
  signUrl(sha256: string, expiresAt: number, signal?: AbortSignal): Promise<string>;
}
