import { createHash, type Hash } from 'node:crypto';
import type { SignedManifest } from '../../../protocol/firmware/index.ts';
import type { SlotName, Slots, SlotWriter } from '../../firmware/ports.ts';
import { originOf, type FirmwareContent } from './content.ts';

/** What lies in a slot, sealed. */
interface Held {
  readonly sha256: string;
  readonly size: number;
  readonly document?: SignedManifest;
}

/** What was written to a slot that is not sealed. */
interface Draft {
  readonly sha256: string;
  readonly written: Written;
}

/**
 * The slots of a simulated device. No bytes are kept: content that all devices share is known by its name, and of whatever else is written
 * only the hash.
 */
export function createFlash(slotBytes: number, running: { readonly slot: SlotName } & Held): Slots {
  const held: Partial<Record<SlotName, Held>> = { [running.slot]: running };
  const drafts: Partial<Record<SlotName, Draft>> = {};
  return {
    capacity: async () => slotBytes,
    async open(slot, file) {
      if (file.size > slotBytes) throw new Error(`${file.size} bytes do not fit into a slot of ${slotBytes}`);
      delete held[slot];
      const kept = drafts[slot];
      const draft = kept?.sha256 === file.sha256 ? kept : { sha256: file.sha256, written: new Written() };
      drafts[slot] = draft;
      return writerOf(draft.written, (document) => {
        const { length, digest } = draft.written;
        held[slot] = { sha256: digest(), size: length, document };
        delete drafts[slot];
      });
    },
    async digest(slot) {
      const content = held[slot];
      return content && { sha256: content.sha256, size: content.size };
    },
    document: async (slot) => held[slot]?.document,
  };
}

function writerOf(written: Written, seal: (document: SignedManifest) => void): SlotWriter {
  return {
    get length() {
      return written.length;
    },
    write: async (chunk) => written.add(chunk),
    restart: async () => written.clear(),
    digest: async () => written.digest(),
    seal: async (document) => seal(document),
    close: async () => undefined,
  };
}

/** What was written: a beginning of shared content, or the hash of other bytes. */
class Written {
  #length = 0;
  #shared: FirmwareContent | undefined;
  /** Named content that came damaged: its bytes are not there to be hashed. */
  #damagedAt: number | undefined;
  #hash: Hash | undefined;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
    this.#shared = undefined;
    this.#damagedAt = undefined;
    this.#hash = undefined;
  }

  add(chunk: Uint8Array): void {
    const origin = originOf(chunk);
    if (this.#hash === undefined && origin !== undefined && this.#follows(origin)) {
      const canHash = origin.content.hashOf(0) !== undefined;
      if (origin.damaged && canHash) this.#leaveShared();
      else {
        this.#shared = origin.content;
        if (origin.damaged) this.#damagedAt ??= this.#length;
        this.#length += chunk.byteLength;
        return;
      }
    }
    if (this.#hash === undefined) this.#leaveShared();
    this.#hash?.update(chunk);
    this.#length += chunk.byteLength;
  }

  readonly digest = (): string => {
    const shared = this.#shared;
    if (this.#hash !== undefined) return this.#hash.copy().digest('hex');
    if (shared === undefined) return createHash('sha256').digest('hex');
    if (this.#damagedAt !== undefined || shared.hashOf(0) === undefined) return this.#digestByName(shared);
    if (this.#length === shared.size) return shared.sha256;
    return shared.hashOf(this.#length)?.digest('hex') ?? '';
  };

  /** Something else for whatever is not the whole content. */
  #digestByName(shared: FirmwareContent): string {
    if (this.#damagedAt === undefined && this.#length === shared.size) return shared.sha256;
    return createHash('sha256')
      .update(`${shared.sha256} up to ${this.#length}, damaged at ${this.#damagedAt ?? 'no place'}`)
      .digest('hex');
  }

  #follows({ content, from }: { readonly content: FirmwareContent; readonly from: number }): boolean {
    return from === this.#length && (this.#shared ?? content) === content;
  }

  /** From here on the bytes are its own. */
  #leaveShared(): void {
    this.#hash = this.#shared?.hashOf(this.#length) ?? createHash('sha256');
    this.#shared = undefined;
  }
}
