import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { HubError } from '../hub-errors.ts';
import { twinLimits } from './limits.ts';

export interface TwinContentRules {
  /** Limit of the whole content, one of {@link twinLimits}. */
  readonly maxBytes: number;
  /** True for a merge patch, where null deletes; stored content holds no null. */
  readonly allowNull: boolean;
  /** How errors call the content: `tags`, `properties.desired`, `properties.reported`. */
  readonly name?: string;
}

const numberBytes = 8;
const booleanBytes = 4;
// oxlint-disable-next-line no-control-regex -- twin keys and sizes are defined by control characters
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/g;
// oxlint-disable-next-line no-control-regex -- see above
const forbiddenInKey = /[\u0000-\u001f\u007f-\u009f.$# ]/;

/** Members a twin document carries beside its content; what a caller sends under these names is not stored. */
const systemMembers: ReadonlySet<string> = new Set(['$version', '$metadata']);

/** True for a member of the document that is not content. Only the root of a section has them. */
export function isSystemMember(key: string): boolean {
  return systemMembers.has(key);
}

/**
 * Checks what someone wants to put into a section: an object, its keys, values, depth and size.
 * `$version` and `$metadata` at the root are passed over, as writers send back what they have read.
 * Throws {@link HubError} `ArgumentInvalid`. Source: device.md §6, service.md §3.3.
 */
export function checkTwinContent(content: unknown, rules: TwinContentRules): asserts content is JsonObject {
  const name = rules.name ?? 'twin content';
  if (!isJsonObject(content)) throw new HubError('ArgumentInvalid', `${name} must be a JSON object`);
  const checker = { name, allowNull: rules.allowNull };
  let size = 0;
  for (const [key, value] of Object.entries(content)) {
    if (!isSystemMember(key)) size += checkMember(checker, key, value, 1, false);
  }
  if (size > rules.maxBytes)
    throw new HubError('ArgumentInvalid', `${name} is too large: ${size} bytes, at most ${rules.maxBytes} are allowed`);
}

/** The size of content by the hub's rule: keys and strings by characters without control characters, numbers 8, booleans 4. */
export function twinSize(value: JsonValue): number {
  if (typeof value === 'string') return textSize(value);
  if (typeof value === 'number') return numberBytes;
  if (typeof value === 'boolean') return booleanBytes;
  if (value === null) return 0;
  let size = 0;
  if (Array.isArray(value)) for (const item of value) size += twinSize(item);
  else for (const [key, member] of Object.entries(value)) size += textSize(key) + twinSize(member);
  return size;
}

interface Checker {
  readonly name: string;
  readonly allowNull: boolean;
}

function checkMember(checker: Checker, key: string, value: JsonValue, depth: number, inArray: boolean): number {
  const problem = keyProblem(key);
  if (problem !== undefined) throw invalid(checker, key, problem);
  return textSize(key) + checkValue(checker, key, value, depth, inArray);
}

/** Checks one value and answers its size; `depth` is the level that a container here would have. */
function checkValue(checker: Checker, key: string, value: JsonValue, depth: number, inArray: boolean): number {
  if (typeof value === 'string') {
    if (Buffer.byteLength(value) > twinLimits.stringBytes)
      throw invalid(checker, key, `has a value longer than ${twinLimits.stringBytes} bytes`);
    return textSize(value);
  }
  if (typeof value === 'number') {
    checkNumber(checker, key, value);
    return numberBytes;
  }
  return typeof value === 'boolean' ? booleanBytes : checkContainer(checker, key, value, depth, inArray);
}

function checkContainer(
  checker: Checker,
  key: string,
  value: null | JsonValue[] | JsonObject,
  depth: number,
  inArray: boolean,
): number {
  if (value === null) {
    if (inArray) throw invalid(checker, key, 'has a null inside an array');
    if (!checker.allowNull) throw invalid(checker, key, 'is null, which only a patch may hold');
    return 0;
  }
  if (depth > twinLimits.depth) throw invalid(checker, key, `is nested deeper than ${twinLimits.depth} levels`);
  let size = 0;
  if (Array.isArray(value)) for (const item of value) size += checkValue(checker, key, item, depth + 1, true);
  else
    for (const [member, inner] of Object.entries(value))
      size += checkMember(checker, member, inner, depth + 1, inArray);
  return size;
}

function checkNumber(checker: Checker, key: string, value: number): void {
  if (!Number.isFinite(value)) throw invalid(checker, key, 'has a number that is too large');
  if (Number.isInteger(value) && (value < twinLimits.minInteger || value > twinLimits.maxInteger)) {
    throw invalid(checker, key, `has an integer outside ${twinLimits.minInteger} to ${twinLimits.maxInteger}`);
  }
}

function keyProblem(key: string): string | undefined {
  if (key === '') return 'is an empty key';
  // Legal in JSON, but naive copies of it elsewhere would change an object's prototype.
  if (key === '__proto__') return 'is a key that is not allowed';
  if (Buffer.byteLength(key) > twinLimits.keyBytes) return `is a key longer than ${twinLimits.keyBytes} bytes`;
  if (forbiddenInKey.test(key)) return 'is a key with a control character, a space or one of . $ #';
  return undefined;
}

function textSize(text: string): number {
  return text.replace(controlCharacters, '').length;
}

function invalid(checker: Checker, key: string, problem: string): HubError {
  const shown = key.replace(controlCharacters, ' ').slice(0, 64);
  return new HubError('ArgumentInvalid', `${checker.name}: "${shown}" ${problem}`);
}
