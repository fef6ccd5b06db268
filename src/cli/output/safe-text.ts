// Device ids, tags and telemetry come from strangers. Nothing of theirs may move the cursor, change the title, reorder
// what a person reads, or hide: control (Cc), format (Cf: bidi, zero-width, tags), line and paragraph separators, and
// lone surrogates are shown as escapes.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const anythingUnusual = /[^\x20-\x7e]/;
const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with every character that a terminal could act upon, or hide, as a visible escape such as `\x1b`. */
export function safeText(text: string): string {
  return anythingUnusual.test(text) ? text.replace(unsafe, visibleEscape) : text;
}

/** Like {@link safeText} for text of several lines: line ends and tabs stay. */
export function safeLines(text: string): string {
  return text.replace(unsafe, (character) =>
    character === '\n' || character === '\t' ? character : visibleEscape(character),
  );
}

function visibleEscape(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\u{${code.toString(16)}}`;
}

const beyondPlain = /[^\n\x20-\x7e]/;

/**
 * Serialised JSON (or double-quoted YAML) with the same characters as `\u` escapes: the same document, safe to look at.
 * `JSON.stringify` escapes only C0 and lone surrogates. Line ends between tokens stay.
 */
export function safeJson(text: string): string {
  if (!beyondPlain.test(text)) return text;
  return text.replace(unsafe, (character) => (character === '\n' ? character : jsonEscape(character)));
}

function jsonEscape(character: string): string {
  let escaped = '';
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
