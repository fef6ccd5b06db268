/** Damage to bytes and texts, of the kinds that find bugs in parsers: lengths, ends, repeats, pieces of other inputs. */
import { below, pick, type Random } from './random.ts';

/** The numbers where lengths and signs go wrong. */
const tellingBytes = [0x00, 0x01, 0x7f, 0x80, 0x81, 0xfe, 0xff, 0x40, 0x45, 0xc0, 0xd0, 0xf0];

/** One input made of a seed by one to six changes; `others` lend pieces, `words` are put in whole. */
export function mutateBytes(
  random: Random,
  original: Uint8Array,
  others: readonly Uint8Array[],
  words: readonly Uint8Array[] = [],
): Buffer {
  let bytes: Buffer = Buffer.from(original);
  for (let changes = 1 + below(random, 6); changes > 0; changes--) bytes = change(random, bytes, others, words);
  return bytes;
}

const largestInput = 64 * 1024;

function change(random: Random, bytes: Buffer, others: readonly Uint8Array[], words: readonly Uint8Array[]): Buffer {
  const at = below(random, bytes.length + 1);
  switch (below(random, 9)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = pick(random, tellingBytes);
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at] = below(random, 256);
      return bytes;
    case 3:
      return bytes.subarray(0, at);
    case 4: {
      const end = Math.min(bytes.length, at + 1 + below(random, 16));
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    }
    case 5: {
      const piece = bytes.subarray(at, at + 1 + below(random, 32));
      const times = 1 + below(random, random() < 0.05 ? 300 : 4);
      return bounded([bytes.subarray(0, at), ...Array.from({ length: times }, () => piece), bytes.subarray(at)]);
    }
    case 6: {
      const other = pick(random, others.length > 0 ? others : [bytes]);
      const from = below(random, other.length + 1);
      return bounded([bytes.subarray(0, at), other.subarray(from), bytes.subarray(at)]);
    }
    case 7:
      if (words.length === 0) return bytes;
      return bounded([bytes.subarray(0, at), pick(random, words), bytes.subarray(at)]);
    default: {
      // A number where a length may be.
      const width = pick(random, [1, 2, 4]);
      if (at + width > bytes.length) return bytes;
      bytes.writeUIntBE(Math.floor(random() * 2 ** (8 * width)), at, width);
      return bytes;
    }
  }
}

function bounded(parts: readonly Uint8Array[]): Buffer {
  const whole = Buffer.concat(parts);
  return whole.length > largestInput ? Buffer.from(whole.subarray(0, largestInput)) : whole;
}

/** What texts are broken with, whatever language they are in. */
export const tellingTexts: readonly string[] = [
  '',
  '\u0000',
  '%00',
  '%2F',
  '%2f',
  '%252F',
  '%0d%0a',
  '\r\n',
  '%E2%80%AE',
  '\u202E',
  '%',
  '%zz',
  '%C0%AF',
  '%ED%A0%80',
  '\uD800',
  '\uFFFD',
  '\u0430',
  '\uFF0F',
  '😀',
  '$',
  '$.mid',
  '%24.cdid',
  '#',
  '+',
  '/',
  '//',
  '..',
  '../',
  '\\',
  '&',
  '=',
  '?',
  ';',
  ':',
  '@',
  "'",
  '"',
  '`',
  '--',
  '/*',
  '*/',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'NaN',
  'Infinity',
  '-0',
  '1e400',
  '9007199254740993',
  '-1',
  '0',
  '2147483648',
  '[',
  ']',
  '{',
  '}',
  'null',
  '{{7*7}}',
  '${x}',
];

/** One text made of another by one to five changes; `words` are put in whole beside {@link tellingTexts}. */
export function mutateText(random: Random, original: string, words: readonly string[] = []): string {
  let text = original;
  for (let changes = 1 + below(random, 5); changes > 0; changes--) text = changeText(random, text, words);
  return text.length > largestInput ? text.slice(0, largestInput) : text;
}

function changeText(random: Random, text: string, words: readonly string[]): string {
  const at = below(random, text.length + 1);
  const end = Math.min(text.length, at + 1 + below(random, 8));
  switch (below(random, 7)) {
    case 0:
      return text.slice(0, at) + pick(random, tellingTexts) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(end);
    case 2:
      return (
        text.slice(0, end) + text.slice(at, end).repeat(1 + below(random, random() < 0.05 ? 200 : 3)) + text.slice(end)
      );
    case 3:
      return (
        text.slice(0, at) + String.fromCharCode(below(random, random() < 0.5 ? 0x80 : 0x1_0000)) + text.slice(at + 1)
      );
    case 4:
      return text.slice(0, at) + pick(random, words.length > 0 ? words : tellingTexts) + text.slice(end);
    case 5:
      return text.slice(0, at) + swapCase(text.slice(at, end)) + text.slice(end);
    default:
      return text.slice(0, at);
  }
}

function swapCase(text: string): string {
  const upper = text.toUpperCase();
  return upper === text ? text.toLowerCase() : upper;
}
