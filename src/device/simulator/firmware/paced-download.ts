import { sleep, type Clock } from '../../../std/clock.ts';
import type { FetchAnswer, FetchRequest } from '../../firmware/ports.ts';
import type { FirmwareContent } from './content.ts';

export interface Pace {
  readonly bytesPerSecond: number;
  /** A bit of it flips on the way. */
  readonly corrupt: boolean;
  /** In how many parts a file comes at least: as often is progress seen. */
  readonly parts: number;
  /** Virtual time. */
  readonly clock: Clock;
  readonly random: () => number;
}

/** No part takes longer, so that a slow download does not look like one that stalls. */
const longestPartMs = 30_000;

/** Shared content, as it comes over a line of a certain speed. */
export function pacedDownload(content: FirmwareContent, request: FetchRequest, pace: Pace): FetchAnswer {
  const { size } = content;
  return {
    from: request.from,
    total: size,
    etag: `"${content.sha256}"`,
    body: parts(content, request, pace),
  };
}

async function* parts(
  content: FirmwareContent,
  { from, signal }: FetchRequest,
  { bytesPerSecond, corrupt, parts: least, clock, random }: Pace,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = content;
  const partBytes = Math.max(
    1,
    Math.min(Math.ceil(size / least), Math.floor((bytesPerSecond * longestPartMs) / 1_000)),
  );
  const damagedAt = corrupt ? from + Math.floor(random() * (size - from)) : -1;
  for (let at = from; at < size; at += partBytes) {
    const end = Math.min(size, at + partBytes);
    await sleep(clock, ((end - at) / bytesPerSecond) * 1_000, signal);
    const isDamaged = damagedAt >= at && damagedAt < end;
    yield isDamaged ? content.damaged(at, end, (damagedAt - at) * 8) : content.chunk(at, end);
  }
}
