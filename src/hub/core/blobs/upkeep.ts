import type { Clock } from '../../../std/clock.ts';
import type { DocumentStore } from '../ports.ts';
import type { FileKeeper } from './file-keeper.ts';
import { deleteBlockChange, everyBlock, everyFile, type BlockRecord } from './records.ts';
import type { BlobFiles } from './service.ts';

interface UpkeepParts {
  readonly documents: DocumentStore;
  readonly files: BlobFiles;
  readonly keeper: FileKeeper;
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

async function removeOldBlocks({ documents, keeper, clock }: UpkeepParts): Promise<void> {
  const before = clock.now() - blockLifeMs;
  let old: BlockRecord[] = [];
  const drop = async (): Promise<void> => {
    await documents.write(old.map(({ key }) => deleteBlockChange(key)));
    await keeper.discard(old.map(({ file }) => file));
    old = [];
  };
  for await (const block of everyBlock(documents)) {
    if (block.storedAt >= before) continue;
    old.push(block);
    if (old.length >= atOnce) await drop();
  }
  if (old.length > 0) await drop();
}
