/**
 * A disk as a power cut leaves it, made from the system calls of a process: what was synced is there, of what was written since some,
 * some in part, or nothing. Names are there as soon as they are made, as on a file system that keeps the order of its directory.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A call that changes a file, or makes it durable; one that was cut in two by another thread counts where it ended. */
export interface DiskEvent {
  /** When it began, Unix milliseconds. */
  readonly at: number;
  readonly kind: 'create' | 'write' | 'truncate' | 'sync' | 'rename' | 'unlink' | 'mkdir';
  readonly path: string;
  /** Of `write`; the end of the file when absent. */
  readonly offset?: number | undefined;
  readonly bytes?: Buffer | undefined;
  /** Of `truncate`. */
  readonly size?: number | undefined;
  /** Of `rename`. */
  readonly to?: string | undefined;
}

/** The calls that {@link parseCalls} understands, for the tracer. */
export const diskCalls =
  'openat,pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat';

/** Reads what `strace -f -y -xx -ttt` wrote; only what is below `directory` is of interest. */
export function parseCalls(text: string, directory: string): readonly DiskEvent[] {
  const events: DiskEvent[] = [];
  const unfinished = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, thread = '', seconds = '', call = ''] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(call);
    const began = /^(.*) <unfinished \.\.\.>$/.exec(call);
    if (began !== null) {
      unfinished.set(thread, began[1] ?? '');
      continue;
    }
    const whole = resumed === null ? call : `${unfinished.get(thread) ?? ''}${resumed[1] ?? ''}`;
    const event = parseCall(whole, Number(seconds) * 1_000);
    if (event !== undefined && event.path.startsWith(directory)) events.push(event);
  }
  return events;
}

function parseCall(call: string, at: number): DiskEvent | undefined {
  const [, name = '', rest = ''] = /^(\w+)\((.*)\) += +\d/.exec(call) ?? [];
  // Of the file that a number stands for, and of texts among the arguments.
  const file = decode(/^\d+<([^>]*)>/.exec(rest)?.[1] ?? '').toString();
  const texts = [...rest.matchAll(/"([^"]*)"/g)].map(([, text = '']) => decode(text));
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = texts;
  const numbers = /, (\d+)(?:, (\d+))?$/.exec(rest);
  switch (name) {
    case 'openat':
      return /O_CREAT/.test(rest) ? { at, kind: 'create', path: first.toString() } : undefined;
    case 'write':
      return { at, kind: 'write', path: file, bytes: first };
    case 'pwrite64':
      return { at, kind: 'write', path: file, bytes: first, offset: Number(numbers?.[2]) };
    case 'ftruncate':
      return { at, kind: 'truncate', path: file, size: Number(numbers?.[1]) };
    case 'fsync':
    case 'fdatasync':
      return { at, kind: 'sync', path: file };
    case 'rename':
    case 'renameat':
    case 'renameat2':
      return { at, kind: 'rename', path: first.toString(), to: second.toString() };
    case 'unlink':
    case 'unlinkat':
      return { at, kind: 'unlink', path: first.toString() };
    case 'mkdir':
    case 'mkdirat':
      return { at, kind: 'mkdir', path: first.toString() };
    default:
      return undefined;
  }
}

function decode(text: string): Buffer {
  return /^(?:\\x[0-9a-f]{2})*$/.test(text) ? Buffer.from(text.replaceAll('\\x', ''), 'hex') : Buffer.from(text);
}

interface ModelFile {
  durable: Buffer;
  pending: DiskEvent[];
}

/** What a disk keeps of writes that were not synced. */
export type Unsynced = 'nothing' | 'some' | 'everything';

export class DiskModel {
  readonly #root: string;
  readonly #files = new Map<string, ModelFile>();
  readonly #directories = new Set<string>();
  /** A disk that says that it has synced and has not. */
  readonly #lies: boolean;

  /** Begins with what is in `template`, as if it were at `root`. */
  constructor(root: string, template: string, { lies = false }: { readonly lies?: boolean } = {}) {
    this.#root = root;
    this.#lies = lies;
    for (const entry of readdirSync(template, { recursive: true, withFileTypes: true })) {
      const path = join(root, join(entry.parentPath, entry.name).slice(template.length));
      if (entry.isDirectory()) this.#directories.add(path);
      else this.#files.set(path, { durable: readFileSync(join(entry.parentPath, entry.name)), pending: [] });
    }
  }

  apply(event: DiskEvent): void {
    const { kind, path, to = '' } = event;
    const file = this.#files.get(path);
    if (kind === 'mkdir') this.#directories.add(path);
    else if (kind === 'create') this.#files.set(path, file ?? { durable: Buffer.alloc(0), pending: [] });
    else if (kind === 'unlink') this.#files.delete(path);
    else if (kind === 'rename' && file !== undefined) {
      this.#files.delete(path);
      this.#files.set(to, file);
    } else if (kind === 'sync' && file !== undefined) {
      if (this.#lies) return;
      file.durable = contentOf(file.durable, file.pending);
      file.pending = [];
    } else if (kind === 'write' || kind === 'truncate') file?.pending.push(event);
  }

  /** Writes the disk as it is found after the power is back. */
  writeTo(directory: string, unsynced: Unsynced, random: () => number): void {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const path of this.#directories)
      mkdirSync(join(directory, path.slice(this.#root.length)), { recursive: true });
    for (const [path, { durable, pending }] of this.#files) {
      // Memory that processes share; nobody reads it after a start.
      if (path.endsWith('-shm')) continue;
      const target = join(directory, path.slice(this.#root.length));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, contentOf(durable, survivors(pending, unsynced, random)), { mode: 0o600 });
    }
  }
}

const sectorBytes = 512;

/** In any order and any number, and the last sector of a write need not be the end of it. */
function survivors(pending: readonly DiskEvent[], unsynced: Unsynced, random: () => number): readonly DiskEvent[] {
  if (unsynced === 'nothing') return [];
  if (unsynced === 'everything') return pending;
  return pending.flatMap((event) => {
    if (random() < 0.4) return [];
    if (event.bytes === undefined || random() < 0.5) return [event];
    const sectors = Math.floor((random() * event.bytes.length) / sectorBytes);
    return [{ ...event, bytes: event.bytes.subarray(0, sectors * sectorBytes) }];
  });
}

function contentOf(durable: Buffer, events: readonly DiskEvent[]): Buffer {
  let content = durable;
  for (const { kind, offset = content.length, bytes = Buffer.alloc(0), size = 0 } of events) {
    const length = kind === 'truncate' ? size : Math.max(content.length, offset + bytes.length);
    const next = Buffer.alloc(length);
    content.copy(next, 0, 0, Math.min(content.length, length));
    if (kind === 'write') bytes.copy(next, offset);
    content = next;
  }
  return content;
}

/** A copy for a run, which changes it. */
export function copyOf(template: string, to: string): void {
  cpSync(template, to, { recursive: true });
}
