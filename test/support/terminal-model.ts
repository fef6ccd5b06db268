/** What a terminal would make of bytes, and what in them was not the program's own. */

/** Every control character a terminal acts upon, and those that hide or reorder what a person reads. */
export const controls: readonly string[] = [
  ...Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)),
  ...Array.from({ length: 0x21 }, (_, code) => String.fromCharCode(0x7f + code)),
  '\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff',
];

/** Sequences that set titles, links, the clipboard, colours, palettes, modes; answer back; clear, scroll, overwrite and hide. */
export const sequences: readonly string[] = [
  '\u001b]0;title\u0007',
  '\u001b]2;title\u001b\\',
  '\u001b]8;;http://evil.example\u001b\\link\u001b]8;;\u001b\\',
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]4;1;rgb:00/00/00\u0007',
  '\u001b]1337;File=inline=1:AAAA\u0007',
  '\u001bP$q"p\u001b\\',
  '\u001b_apc\u001b\\',
  '\u001b^pm\u001b\\',
  '\u001bXsos\u001b\\',
  '\u001b[2J\u001b[H',
  '\u001b[6n\u001b[c\u001b[>q',
  '\u001b[?1049h\u001b[?2004h\u001b[?1000h',
  '\u001b[8;1;1t\u001b[21t',
  '\u001b[38;5;201m\u001b[8m',
  '\u001bc\u001b#8\u001b(0',
  '\u009b31m\u009b2J',
  '\u009d0;title\u009c',
  '\u0090q\u009c',
  'overwrite\rsafe',
  'abc\b\b\bxyz',
  'one\u000btwo\u000cthree\u0085four',
];

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}␛]/gu;

/** What the bytes hold beyond what the program itself writes there: line ends, colours of its own, and a line drawn over. Empty when nothing. */
export function foreignControls(screen: string): string {
  const own = /\r?\n|␛\[\?25[lh]|␛\[(?:[0-9]|[1-4][0-9]|9[0-7])(?:;[0-9]{1,2})?m/g;
  const visible = screen.replaceAll('\u001b', '␛');
  const text = visible
    .replaceAll(/\r([^\r\n]*?)␛\[K/g, '$1')
    .replaceAll(/␛\[\d+A|␛\[J/g, '')
    .replaceAll(own, '');
  return (text.match(unsafe) ?? []).map((character) => character.codePointAt(0)?.toString(16)).join(' ');
}

/** A terminal: rows of cells that never wrap, and what it was told to do beside writing into them. */
export interface Screen {
  readonly rows: readonly string[];
  /** Sequences that a program of ours has no business with, as text. */
  readonly acts: readonly string[];
}

/** Plays the bytes as xterm would; a line end also returns the carriage, as the driver of a terminal does it. */
export function playOnTerminal(bytes: string): Screen {
  const rows: string[][] = [[]];
  const acts: string[] = [];
  let [row, column] = [0, 0];
  const token =
    // oxlint-disable-next-line no-control-regex -- the terminal's own language
    /(?:\u001b\[|\u009b)([?>]?[\d;]*)([@-~])|(?:\u001b[\]P_^X]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]?.|[\s\S]/gu;
  for (const match of bytes.matchAll(token)) {
    const [text, parameters, final] = match;
    const line = (rows[row] ??= []);
    if (final === 'm' || ((final === 'h' || final === 'l') && parameters === '?25')) continue;
    if (final === 'K') line.length = Math.min(line.length, column);
    else if (final === 'A') row = Math.max(0, row - Number(parameters || 1));
    else if (final === 'J' && (parameters === '' || parameters === '0')) {
      line.length = Math.min(line.length, column);
      rows.length = row + 1;
    } else if (text === '\n') [row, column] = [row + 1, 0];
    else if (text === '\r') column = 0;
    else if (text === '\b') column = Math.max(0, column - 1);
    else if (text.length > 2 || text.startsWith('\u001b') || /[\p{Cc}]/u.test(text)) acts.push(JSON.stringify(text));
    else line[column++] = text;
  }
  return { rows: rows.map((line) => Array.from(line, (cell) => cell ?? ' ').join('')), acts };
}
