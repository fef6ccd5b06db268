import { isGlob } from '../../std/glob.ts';

/** Writes a string literal of the IoT Hub query language. Source: service.md §5.2. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/**
 * What the hub can decide about a glob: how the id starts and ends. The condition may let more through than the glob, so
 * `matchGlob` still has the last word. Undefined when the hub can decide nothing (`*`).
 */
function conditionOfGlob(glob: string): string | undefined {
  if (!isGlob(glob)) return `deviceId = ${quoteLiteral(glob)}`;
  const start = glob.slice(0, glob.search(/[*?]/));
  const end = glob.slice(Math.max(glob.lastIndexOf('*'), glob.lastIndexOf('?')) + 1);
  const parts: string[] = [];
  if (start !== '') parts.push(`STARTSWITH(deviceId, ${quoteLiteral(start)})`);
  if (end !== '') parts.push(`ENDSWITH(deviceId, ${quoteLiteral(end)})`);
  return parts.length === 0 ? undefined : parts.join(' AND ');
}

/** Longer conditions would not fit into a query of 8192 characters. */
const longestCondition = 6_000;

/** One condition for all globs; undefined when one of them lets every device through, or there are too many to write down. */
export function conditionOfGlobs(globs: readonly string[]): string | undefined {
  const parts: string[] = [];
  for (const glob of globs) {
    const condition = conditionOfGlob(glob);
    if (condition === undefined) return undefined;
    parts.push(condition);
  }
  const condition = parts.length < 2 ? parts[0] : parts.map((part) => `(${part})`).join(' OR ');
  return condition !== undefined && condition.length <= longestCondition ? condition : undefined;
}
