import { Failure, isFailure } from '../errors/index.ts';
import {
  artifactsPath,
  isArtifactName,
  storedAtHeader,
  type ArtifactGrant,
  type ArtifactPage,
} from '../protocol/artifacts.ts';
import { notServed, type Extension } from './extension.ts';
import { parseAnswer } from './http/answer.ts';
import type { ServiceClient, ServiceRequest } from './http/service-client.ts';

/** A firmware file as a store keeps it. */
export interface StoredArtifact {
  readonly sha256: string;
  readonly size: number;
  /** ISO 8601. */
  readonly storedAt: string;
}

/**
 * Firmware files by the SHA-256 of their content: at iotctl's own hub as an extension, for a hub in the cloud in a storage container.
 * Failures: not-found, unsupported, disk-full, invalid-value (a name that is no SHA-256), invalid-input when what arrives is not what its
 * name says, and those of any request.
 */
export interface ArtifactStore {
  /** One that is damaged counts as not there: bringing it again mends it. */
  find(sha256: string, signal?: AbortSignal): Promise<StoredArtifact | undefined>;
  /**
   * Streams a file up; one that is there already is not sent again. `content` is asked again from the beginning when a try was cut off.
   * A piece of it holds until the next is asked for: who keeps it copies it.
   * `onProgress` is told bytes of the present try.
   */
  put(
    artifact: { readonly sha256: string; readonly size: number },
    content: () => AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (bytes: number) => void },
  ): Promise<StoredArtifact>;
  /** In the order of their digests. */
  list(signal?: AbortSignal): AsyncIterable<StoredArtifact>;
  /** An address that a device can fetch it from until `expiresAt` (Unix milliseconds) without any other credential. A secret. */
  signUrl(sha256: string, expiresAt: number, signal?: AbortSignal): Promise<string>;
}

const extension: Extension = {
  name: 'firmware files',
  instead: 'test against a hub of iotctl: iotctl hub start, without --imitate',
};

/** So long a hub may read a large file from disk before it says that it has it. */
const findMs = 300_000;

export function createArtifactStore(client: ServiceClient): ArtifactStore {
  const send = (request: Omit<ServiceRequest, 'extension'>) => client.request({ ...request, extension });

  const find: ArtifactStore['find'] = async (sha256, signal) => {
    const request = { method: 'HEAD', path: pathOf(sha256), action: `look for the firmware file ${sha256}` } as const;
    try {
      const { headers } = await send({ ...request, timeoutMs: findMs, signal });
      return { sha256, size: Number(headers['content-length']), storedAt: String(headers[storedAtHeader]) };
    } catch (error) {
      if (!isFailure(error, 'not-found')) throw error;
      if (['ArtifactNotFound', 'ArtifactDamaged'].includes(String(error.details['hubError']))) return undefined;
      // An answer to HEAD has no words, so that a hub without artifacts cannot say more.
      throw notServed(client.hostName, extension, 404);
    }
  };

  return {
    find,
    async put({ sha256, size }, content, { signal, onProgress } = {}) {
      const there = await find(sha256, signal);
      if (there !== undefined) return there;
      try {
        const answer = await send({
          method: 'PUT',
          path: pathOf(sha256),
          content: { length: size, bytes: content, onProgress },
          action: `store the firmware file ${sha256}`,
          signal,
        });
        return parseAnswer(answer, isArtifact, 'firmware file');
      } catch (error) {
        throw isFailure(error, 'refused') ? notWhatItSays(error) : error;
      }
    },
    async *list(signal) {
      let after: string | undefined;
      do {
        const query: Record<string, string> = after === undefined ? {} : { after };
        const answer = await send({ method: 'GET', path: artifactsPath, query, action: 'list firmware files', signal });
        const page = parseAnswer(answer, isPage, 'list of firmware files');
        yield* page.artifacts;
        after = page.next ?? undefined;
      } while (after !== undefined);
    },
    async signUrl(sha256, expiresAt, signal) {
      const answer = await send({
        method: 'POST',
        path: `${pathOf(sha256)}/sign`,
        body: { expiresAt },
        action: `get an address of the firmware file ${sha256}`,
        // Nothing is kept of it.
        repeatability: 'idempotent',
        timeoutMs: findMs,
        signal,
      });
      return parseAnswer(answer, isGrant, 'address of a firmware file').url;
    },
  };
}

/** Failure invalid-value for what is no name of an artifact. */
export function checkArtifactName(sha256: string): void {
  if (!isArtifactName(sha256))
    throw new Failure('invalid-value', `a firmware file is named by its SHA-256 in lower case, not by ${sha256}`);
}

function pathOf(sha256: string): string {
  checkArtifactName(sha256);
  return `${artifactsPath}/${sha256}`;
}

/** The hub's own words stay; what it refuses of a file is the file. */
function notWhatItSays(failure: Failure): Failure {
  return failure.details['hubError'] === 'ArgumentInvalid'
    ? new Failure('invalid-input', failure.message, { details: failure.details, cause: failure })
    : failure;
}

function isArtifact(value: object): value is StoredArtifact {
  return 'sha256' in value && 'size' in value && typeof value.size === 'number' && 'storedAt' in value;
}

function isPage(value: object): value is ArtifactPage {
  return 'next' in value && 'artifacts' in value && Array.isArray(value.artifacts);
}

function isGrant(value: object): value is ArtifactGrant {
  return 'url' in value && typeof value.url === 'string';
}
