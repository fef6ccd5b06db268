import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../std/json.ts';
import { tagAt } from './device-facts.ts';

/** What a device without the tag counts as: neither eager nor cautious. */
const neutral = 0.5;

/**
 * Where a device stands in the order of a rollout, from 0 (first) to 1. It depends on nothing but the two ids and the device's
 * wariness, so that a plan is the same each time and another device changes no one's place. Half of it is chance and half is
 * wariness: every device of wariness 0 comes before every device of wariness 1.
 */
function orderOf(rollout: string, deviceId: string, wariness: number): number {
  const digest = createHash('sha256').update(`${rollout}\n${deviceId}`).digest();
  return (digest.readUIntBE(0, 6) / 2 ** 48 + wariness) / 2;
}

/** The tag from 0 to 1, as a number or as a text of one; what is beyond counts as the nearest. */
function warinessOf(tags: JsonObject, path: readonly string[]): number {
  const tag = tagAt(tags, path);
  const value = typeof tag === 'string' && tag.trim() !== '' ? Number(tag) : tag;
  return typeof value === 'number' && Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : neutral;
}

/** Sorts by the order, and devices in the same place by their ids. Answers a new list. */
export function inOrder<Item extends { readonly deviceId: string; readonly tags: JsonObject }>(
  rollout: string,
  warinessTag: string,
  items: readonly Item[],
): Item[] {
  const path = warinessTag.split('.');
  return items
    .map((item) => ({ item, order: orderOf(rollout, item.deviceId, warinessOf(item.tags, path)) }))
    .toSorted((left, right) => left.order - right.order || (left.item.deviceId < right.item.deviceId ? -1 : 1))
    .map(({ item }) => item);
}
