const plain = /^[\x20-\x7e]*$/;
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const emoji = /^\p{Emoji_Presentation}$/u;
const regionalIndicator = /^\p{Regional_Indicator}$/u;
const emojiStyle = '\ufe0f';

/** First and last code points that take two columns (Unicode East Asian Width W and F, without emoji). */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18aff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

/** Columns the text takes on a terminal. The text must be safe already: no control characters, joiners or colour. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let width = 0;
  for (const [, characterWidth] of measured(text)) width += characterWidth;
  return width;
}

/** The text cut to at most `width` columns, with `…` at the end when something was cut. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? '…' : '';
  let kept = '';
  let used = 0;
  for (const [character, characterWidth] of measured(text)) {
    if (used + characterWidth > width - 1) break;
    kept += character;
    used += characterWidth;
  }
  return `${kept}…`;
}

/** Spaces are added on the right, or on the left for `right`; longer text stays whole. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const missing = width - textWidth(text);
  if (missing <= 0) return text;
  return align === 'right' ? ' '.repeat(missing) + text : text + ' '.repeat(missing);
}

/**
 * Each character with its columns. Intl.Segmenter would do this too, but takes as long to load as the rest of the
 * program; joined emoji, its only gain, are shown as escapes here.
 */
function* measured(text: string): Generator<readonly [character: string, width: number], void, undefined> {
  let previous = 0;
  for (const character of text) {
    // A symbol followed by the emoji style selector is drawn two columns wide.
    const width = character === emojiStyle ? Math.max(0, Math.min(1, 2 - previous)) : characterColumns(character);
    yield [character, width];
    previous = width;
  }
}

function characterColumns(character: string): number {
  if (zeroWidth.test(character)) return 0;
  // Two regional indicators make one flag of two columns.
  if (regionalIndicator.test(character)) return 1;
  if (emoji.test(character)) return 2;
  const code = character.codePointAt(0) ?? 0;
  return wideRanges.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}
