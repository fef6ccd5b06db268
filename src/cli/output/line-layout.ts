import type { Paint } from './colour.ts';
import type { Tone } from './output.ts';
import { safeText } from './safe-text.ts';
import { pad, textWidth } from './text-width.ts';

type Parts = readonly (readonly [text: string, tone?: Tone])[];

const gap = '  ';
/** Leading parts are aligned up to this width; one long id must not push every line to the right. */
const widestLead = 40;
/** Where the terminal is too narrow for what hangs below the leading parts, lines go on near the left edge. */
const shallowIndent = 4;

/**
 * Lays lines out for a terminal: the first `lead` parts align from line to line as far as they were seen, and a line that is
 * too long goes on below its first other part instead of breaking in the middle of one. Without leading parts a line is a mark
 * and what it says: that goes on below itself, and is broken between words where it does not fit in a line.
 */
export function lineLayout(width: number, lead: number, paint: Paint): (parts: Parts) => string {
  const widths: number[] = Array.from({ length: lead }, () => 0);
  return (parts) => {
    const texts = parts.map(([text]) => safeText(text));
    for (let index = 0; index < lead; index++) {
      const seen = textWidth(texts[index] ?? '');
      if (seen <= widestLead) widths[index] = Math.max(widths[index] ?? 0, seen);
    }
    const mark = texts.length > 1 ? textWidth(texts[0] ?? '') + gap.length : 0;
    const hanging = lead === 0 ? mark : widths.reduce((sum, part) => sum + part + gap.length, 0);
    const indent = hanging > width / 2 ? shallowIndent : hanging;
    let line = '';
    let column = 0;
    texts.forEach((text, index) => {
      const shown = index < lead && index < texts.length - 1 ? pad(text, widths[index] ?? 0) : text;
      const wanted = textWidth(lead === 0 ? (shown.split(' ', 1)[0] ?? '') : shown);
      if (index >= lead && column > indent && column + gap.length + wanted > width) {
        line += `\n${' '.repeat(indent)}`;
        column = indent;
      } else if (index > 0) {
        line += gap;
        column += gap.length;
      }
      const pieces = lead === 0 ? brokenAt(shown, width - column, width - indent) : [shown];
      line += pieces.map((piece) => paint(piece, parts[index]?.[1])).join(`\n${' '.repeat(indent)}`);
      column = (pieces.length > 1 ? indent : column) + textWidth(pieces.at(-1) ?? '');
    });
    return `${line}\n`;
  };
}

/** A text in pieces that fit, broken between words; a longer word stays whole. */
function brokenAt(text: string, firstWidth: number, width: number): readonly string[] {
  const [first = '', ...words] = text.split(' ');
  const pieces: string[] = [];
  let piece = first;
  for (const word of words) {
    const room = pieces.length === 0 ? firstWidth : width;
    if (word !== '' && textWidth(piece) + 1 + textWidth(word) > room) {
      pieces.push(piece);
      piece = word;
    } else {
      piece += ` ${word}`;
    }
  }
  return [...pieces, piece];
}
