import { BlobError } from './errors.ts';
import type { BlobRecord, BlockRecord, Segment } from './records.ts';
import type { BlockReference } from './service.ts';

/** How many blocks a blob may be made of. */
const mostBlocks = 50_000;
/** What a block's id may hold before it is encoded. */
const longestId = 64;

/** Checks a block's id. BlobError InvalidBlockId. */
export function checkBlockId(id: string): void {
  const bytes = Buffer.from(id, 'base64');
  if (bytes.length === 0 || bytes.length > longestId || bytes.toString('base64') !== id)
    throw new BlobError('InvalidBlockId', `A block id is base64 of 1 to ${longestId} bytes.`);
}

/** The segments a block list names, in its order. BlobErrors InvalidBlockList, InvalidBlockId, BlockCountExceedsLimit. */
export function segmentsOf(
  references: readonly BlockReference[],
  uncommitted: readonly BlockRecord[],
  present: BlobRecord | undefined,
): Segment[] {
  if (references.length > mostBlocks)
    throw new BlobError('BlockCountExceedsLimit', `A blob is made of at most ${mostBlocks} blocks.`);
  const fresh = new Map(
    uncommitted.map(({ id, file, size, checksum }): [string, Segment] => [id, { file, size, checksum, block: id }]),
  );
  const stored = new Map<string, Segment>();
  for (const segment of present?.segments ?? []) if (segment.block !== undefined) stored.set(segment.block, segment);
  return references.map(({ id, from }) => {
    checkBlockId(id);
    const found =
      from === 'committed' ? stored.get(id) : (fresh.get(id) ?? (from === 'latest' ? stored.get(id) : undefined));
    if (found === undefined) throw new BlobError('InvalidBlockList', 'The block list names a block that was not sent.');
    return found;
  });
}

/** Bounds how many blocks of one blob wait for a block list. */
interface BlockCounter {
  /** BlobError BlockCountExceedsLimit. */
  add(key: string): void;
  clear(key: string): void;
}

/** So many blobs are counted at once; beyond them counting begins anew. */
const mostCounted = 10_000;

export function createBlockCounter(): BlockCounter {
  const counts = new Map<string, number>();
  return {
    add(key) {
      const count = (counts.get(key) ?? 0) + 1;
      if (count > mostBlocks)
        throw new BlobError('BlockCountExceedsLimit', `A blob has at most ${mostBlocks} blocks waiting.`);
      if (counts.size >= mostCounted) counts.clear();
      counts.set(key, count);
    },
    clear: (key) => void counts.delete(key),
  };
}
