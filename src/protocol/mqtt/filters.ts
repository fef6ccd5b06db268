import { desiredFilter, inputsFilters, messagesFilter, methodsFilter, twinResponsesFilter } from './topics.ts';

/** What a device may subscribe to. */
export type FilterKind = 'twin-responses' | 'desired' | 'methods' | 'messages' | 'inputs';

/** The meaning of a topic filter for this identity; undefined when it is not allowed. Source: device.md §2.1, §2.2. */
export function classifyFilter(filter: string, identity: string): FilterKind | undefined {
  if (filter === twinResponsesFilter) return 'twin-responses';
  if (filter === desiredFilter) return 'desired';
  if (filter === methodsFilter || /^\$iothub\/methods\/POST\/[^/#]+\/#$/.test(filter)) return 'methods';
  if (filter === messagesFilter(identity)) return 'messages';
  if (identity.includes('/') && inputsFilters(identity).includes(filter)) return 'inputs';
  return undefined;
}

/** MQTT matching of `+` and a closing `#`, which includes the parent level. A leading `$` needs a literal first level. */
export function matchesFilter(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '#' || wanted[0] === '+')) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
    if (index === levels.length - 1 && wanted.length === index + 2 && wanted[index + 1] === '#') return true;
  }
  return wanted.length === levels.length;
}
