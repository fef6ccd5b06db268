import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { isoTicks } from '../time.ts';
import { isSystemMember } from './check.ts';
import type { TwinMetadata, TwinSection } from './document.ts';
import { guardDepth, mergeContent, setMember } from './merge.ts';

export interface SectionWrite {
  /** Unix milliseconds. */
  readonly now: number;
  /** True for desired properties: their metadata carries `$lastUpdatedVersion` too. */
  readonly stampVersions: boolean;
}

/** The stamp of one write. */
type Stamp = Pick<TwinMetadata, '$lastUpdated' | '$lastUpdatedVersion'>;

/** A section as a new twin has it. */
export function emptySection(now: number): TwinSection {
  return { content: {}, version: 1, metadata: { $lastUpdated: isoTicks(now) } };
}

/**
 * Merges a checked patch into a section. The version rises even when nothing changes; metadata is stamped along every path the
 * patch names, and on the objects above it. Source: device.md §6.
 */
export function patchSection(section: TwinSection, patch: JsonObject, write: SectionWrite): TwinSection {
  const own = contentOf(patch);
  const version = section.version + 1;
  const stamp = stampOf(version, write);
  return {
    content: mergeContent(section.content, own),
    version,
    metadata: patchMetadata(section.metadata, own, stamp, 0),
  };
}

/** Replaces a section by checked content; every node gets a new stamp. Source: service.md §3.1. */
export function replaceSection(section: TwinSection, content: JsonObject, write: SectionWrite): TwinSection {
  const version = section.version + 1;
  const stamp = stampOf(version, write);
  const own = mergeContent({}, contentOf(content));
  return { content: own, version, metadata: freshMetadata(own, stamp, 0) };
}

/** A section as it goes over the wire: content, `$version`, and `$metadata` for service readers (devices do not get it). */
export function readSection(section: TwinSection, options: { readonly metadata: boolean }): JsonObject {
  const json: JsonObject = { ...section.content };
  // Undefined members do not occur in stored metadata, so it is plain JSON.
  if (options.metadata) json['$metadata'] = section.metadata as JsonObject;
  json['$version'] = section.version;
  return json;
}

/** A document without the members the hub adds (`$version`, `$metadata`): what may be sent back as content. */
export function contentOf(document: JsonObject): JsonObject {
  // Most documents have none, and a plain copy is much faster.
  if (!Object.keys(document).some(isSystemMember)) return { ...document };
  return Object.fromEntries(Object.entries(document).filter(([key]) => !isSystemMember(key)));
}

function stampOf(version: number, write: SectionWrite): Stamp {
  const $lastUpdated = isoTicks(write.now);
  return write.stampVersions ? { $lastUpdated, $lastUpdatedVersion: version } : { $lastUpdated };
}

function patchMetadata(
  metadata: TwinMetadata | undefined,
  patch: JsonObject,
  stamp: Stamp,
  depth: number,
): TwinMetadata {
  guardDepth(depth);
  const patched: TwinMetadata = { ...metadata, ...stamp };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete patched[key];
    else if (isJsonObject(value))
      setChild(patched, key, patchMetadata(childOf(metadata, key), value, stamp, depth + 1));
    else setChild(patched, key, { ...stamp });
  }
  return patched;
}

function freshMetadata(value: JsonValue, stamp: Stamp, depth: number): TwinMetadata {
  guardDepth(depth);
  const metadata: TwinMetadata = { ...stamp };
  if (isJsonObject(value))
    for (const [key, member] of Object.entries(value)) setChild(metadata, key, freshMetadata(member, stamp, depth + 1));
  return metadata;
}

function setChild(metadata: TwinMetadata, key: string, child: TwinMetadata): void {
  setMember<TwinMetadata[string]>(metadata, key, child);
}

function childOf(metadata: TwinMetadata | undefined, key: string): TwinMetadata | undefined {
  const child = metadata !== undefined && Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  return typeof child === 'object' ? child : undefined;
}
