import type { Clock } from '../../../std/clock.ts';
import type { DocumentStore } from '../ports.ts';
import type { KeyedQueue } from '../keyed-queue.ts';
import type { FileKeeper } from './file-keeper.ts';
import { deleteBlockChange, everyBlock, everyFile, lineOf, readBlock, type BlockRecord } from './records.ts';
import type { BlobFiles } from './service.ts';

interface UpkeepParts {
  readonly documents: DocumentStore;
  readonly files: BlobFiles;
  readonly keeper: FileKeeper;
  /** Where everything about one blob is done in turn. */
  readonly queue: KeyedQueue;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

const firstAfterMs = 60_000;
const intervalMs = 3_600_000;
/** Blocks that no block list has named for so long are dropped, as Azure does. */
const blockLifeMs = 7 * 86_400_000;
const atOnce = 500;

/** Clears up after clients that went away, every hour; and once after what an earlier run of the hub left half-done. */
export function startUpkeep(parts: UpkeepParts): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let leftovers = true;
  let cancel = schedule(firstAfterMs);

  function schedule(ms: number): () => void {
    return parts.clock.after(
      ms,
      () => {
        running = round();
      },
      { unref: true },
    );
  }

  async function round(): Promise<void> {
    try {
      if (leftovers) await removeLeftovers(parts);
      leftovers = false;
      await removeOldBlocks(parts);
    } catch (error) {
      parts.onError(error);
    }
    if (!stopped) cancel = schedule(intervalMs);
  }

  return {
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}

/** Files of an earlier run that no document names: the run ended between a file and its document, or before a removal. */
async function removeLeftovers({ documents, files }: UpkeepParts): Promise<void> {
  const unknown = new Set(await files.listOlder());
  if (unknown.size === 0) return;
  for await (const file of everyFile(documents)) unknown.delete(file);
  await files.remove([...unknown]);
}

async function removeOldBlocks(parts: UpkeepParts): Promise<void> {
  const before = parts.clock.now() - blockLifeMs;
  let old: BlockRecord[] = [];
  const drop = async (): Promise<void> => {
    const blocks = old;
    old = [];
    const [first] = blocks;
    if (first !== undefined) await parts.queue.run([lineOf(first.key)], () => dropBlocks(parts, blocks));
  };
  for await (const block of everyBlock(parts.documents)) {
    if (block.storedAt >= before) continue;
    const [first] = old;
    if (old.length >= atOnce || (first !== undefined && lineOf(first.key) !== lineOf(block.key))) await drop();
    old.push(block);
  }
  await drop();
}

/** Those that are still there: a block list may have made them part of the blob since they were found, or others replaced them. */
async function dropBlocks({ documents, keeper }: UpkeepParts, blocks: readonly BlockRecord[]): Promise<void> {
  const now = await Promise.all(blocks.map(({ key }) => readBlock(documents, key)));
  const left = blocks.filter(({ file }, index) => now[index]?.file === file);
  if (left.length === 0) return;
  await documents.write(left.map(({ key }) => deleteBlockChange(key)));
  await keeper.discard(left.map(({ file }) => file));
}
