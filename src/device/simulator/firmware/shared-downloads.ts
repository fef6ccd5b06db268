import { defaultDownloadLimits, download } from '../../firmware/download.ts';
import type { FetchFirmware, SlotWriter } from '../../firmware/ports.ts';
import type { Offer } from '../../../protocol/firmware/index.ts';
import type { Clock } from '../../../std/clock.ts';
import { createHash } from 'node:crypto';
import { namedContent, storedContent, type FirmwareContent } from './content.ts';

/** Fetches each file once for all devices of a process. */
export interface SharedDownloads {
  /** The file of an offer, checked. Rejects as a device's own download does. */
  content(offer: Offer): Promise<FirmwareContent>;
}

/** A larger file is fetched and checked, but not kept. */
const keptBytes = 256 * 1024 * 1024;

interface DownloadPorts {
  readonly fetch: FetchFirmware;
  /** Real time, because what is fetched is real. */
  readonly clock: Clock;
  readonly random: () => number;
}

export function createSharedDownloads(ports: DownloadPorts, signal: AbortSignal): SharedDownloads {
  const known = new Map<string, Promise<FirmwareContent>>();
  return {
    content(offer) {
      const { sha256 } = offer.manifest;
      const running = known.get(sha256) ?? load(offer, ports, signal);
      known.set(sha256, running);
      // The next device that is offered it tries again.
      running.catch(() => known.delete(sha256));
      return running;
    },
  };
}

async function load(offer: Offer, ports: DownloadPorts, signal: AbortSignal): Promise<FirmwareContent> {
  const { sha256, size } = offer.manifest;
  const memory = memoryWriter(size);
  await download(
    memory.writer,
    {
      offer,
      etag: undefined,
      onEtag: async () => undefined,
      onProgress: () => undefined,
      limits: defaultDownloadLimits,
      signal,
    },
    ports,
  );
  return memory.bytes === undefined ? namedContent(sha256, size) : storedContent(sha256, memory.bytes);
}

/** Keeps what is written, or only its hash when it is large. */
function memoryWriter(size: number): { readonly writer: SlotWriter; readonly bytes: Uint8Array | undefined } {
  const bytes = size <= keptBytes ? new Uint8Array(size) : undefined;
  let length = 0;
  let hash = createHash('sha256');
  const writer: SlotWriter = {
    get length() {
      return length;
    },
    async write(chunk) {
      bytes?.set(chunk, length);
      hash.update(chunk);
      length += chunk.byteLength;
    },
    async restart() {
      length = 0;
      hash = createHash('sha256');
    },
    digest: async () => hash.copy().digest('hex'),
    seal: async () => undefined,
    close: async () => undefined,
  };
  return { writer, bytes };
}
