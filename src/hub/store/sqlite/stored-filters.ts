import { isJsonObject, type JsonValue } from '../../../std/json.ts';
import type { StoredFilter } from '../../core/ports.ts';

/** The filters of a stored session; undefined when the column holds anything else. */
export function readFilters(value: JsonValue): readonly StoredFilter[] | undefined {
  return Array.isArray(value) ? value.flatMap((item) => readFilter(item) ?? []) : undefined;
}

/** Sessions stored before the quality of service was kept hold bare filters: 1 is what nothing can be lost with. */
function readFilter(item: JsonValue): StoredFilter | undefined {
  if (typeof item === 'string') return { filter: item, qos: 1 };
  if (!isJsonObject(item) || typeof item['filter'] !== 'string') return undefined;
  return { filter: item['filter'], qos: item['qos'] === 0 ? 0 : 1 };
}
