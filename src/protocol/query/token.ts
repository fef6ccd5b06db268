/** One word of a query text. `start` and `end` are offsets in UTF-16 units. */
export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly start: number; readonly end: number }
  /** `[[name]]`: never a keyword. */
  | { readonly kind: 'escaped'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'string'; readonly text: string; readonly start: number; readonly end: number }
  | {
      readonly kind: 'number';
      readonly value: number;
      readonly text: string;
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'symbol'; readonly text: string; readonly start: number; readonly end: number }
  | { readonly kind: 'end'; readonly text: ''; readonly start: number; readonly end: number };

/** Words that cannot name a column, a root or a path segment without `[[ ]]` when the formatter writes them. */
export const reservedWords: ReadonlySet<string> = new Set([
  'SELECT',
  'TOP',
  'FROM',
  'WHERE',
  'GROUP',
  'BY',
  'ORDER',
  'DISTINCT',
  'AS',
  'AND',
  'OR',
  'NOT',
  'IN',
  'NIN',
  'TRUE',
  'FALSE',
  'NULL',
  'UNDEFINED',
]);

/** A name that needs no `[[ ]]`: letters, digits, `_` and `$`, not beginning with a digit. */
export const plainName = /^[\p{L}_$][\p{L}\p{N}\p{M}_$]*$/u;

/** How a token is named in an error message. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end';
    case 'string':
      return 'a string';
    case 'escaped':
      return `[[${clip(token.text)}]]`;
    case 'word':
    case 'number':
    case 'symbol':
      return `'${clip(token.text)}'`;
  }
}

function clip(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
