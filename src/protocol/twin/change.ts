/** The body of an event that says what was written to a twin. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { TwinMetadata, TwinSection } from './document.ts';
import { setMember } from './merge.ts';

/** A twin before or after a write. */
export interface TwinContent {
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** Counts every write of the twin. */
  readonly twinVersion: number;
}

/** What a write changed, as a patch: null for what is gone. Undefined when it left the twin as it was. Source: device.md §9. */
export function twinChangeBody(before: TwinContent, after: TwinContent): JsonObject | undefined {
  const tags = before.tags === after.tags ? undefined : contentChange(before.tags, after.tags);
  const properties: JsonObject = {};
  for (const name of ['desired', 'reported'] as const) {
    if (before[name].version !== after[name].version) properties[name] = sectionChange(before[name], after[name]);
  }
  const hasProperties = Object.keys(properties).length > 0;
  if (tags === undefined && !hasProperties) return undefined;
  return {
    version: after.twinVersion,
    ...(tags === undefined ? {} : { tags }),
    ...(hasProperties ? { properties } : {}),
  };
}

function contentChange(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const change: JsonObject = {};
  for (const [name, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const difference = valueChange(old, value);
    if (difference !== undefined) setMember<JsonValue>(change, name, difference);
  }
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) setMember<JsonValue>(change, name, null);
  return Object.keys(change).length === 0 ? undefined : change;
}

function valueChange(before: JsonValue | undefined, after: JsonValue): JsonValue | undefined {
  if (before === after) return undefined;
  if (isJsonObject(before) && isJsonObject(after)) return contentChange(before, after);
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

/**
 * The members that were written, also where their value stayed the same: a write gives them new metadata and leaves that of the
 * others alone.
 */
function sectionChange(before: TwinSection, after: TwinSection): JsonObject {
  const { content, metadata } = written(before, after, before.metadata, after.metadata);
  return { ...content, $metadata: metadata, $version: after.version };
}

type Content = Pick<TwinSection, 'content'>;

function written(
  before: Content,
  after: Content,
  metadataBefore: TwinMetadata | undefined,
  metadataAfter: TwinMetadata,
): { content: JsonObject; metadata: JsonObject } {
  const content: JsonObject = {};
  const metadata: JsonObject = {};
  for (const [name, member] of Object.entries(metadataAfter)) {
    if (name === '$lastUpdated' || name === '$lastUpdatedVersion') {
      if (member !== undefined) metadata[name] = member as JsonValue;
      continue;
    }
    const old = metadataBefore !== undefined && Object.hasOwn(metadataBefore, name) ? metadataBefore[name] : undefined;
    if (old === member || typeof member !== 'object') continue;
    const value = after.content[name];
    const was = Object.hasOwn(before.content, name) ? before.content[name] : undefined;
    if (isJsonObject(value)) {
      const oldMetadata = typeof old === 'object' ? old : undefined;
      const inner = written({ content: isJsonObject(was) ? was : {} }, { content: value }, oldMetadata, member);
      setMember<JsonValue>(content, name, inner.content);
      setMember<JsonValue>(metadata, name, inner.metadata);
    } else if (value !== undefined) {
      setMember<JsonValue>(content, name, value);
      setMember<JsonValue>(metadata, name, member as JsonObject);
    }
  }
  for (const name of Object.keys(before.content))
    if (!Object.hasOwn(after.content, name)) setMember<JsonValue>(content, name, null);
  return { content, metadata };
}
