import { HubError } from '../hub-errors.ts';

/** Where a query text is wrong: offset of the first bad character (UTF-16 units, from 0) and how many there are. */
export interface QueryErrorPlace {
  readonly position: number;
  readonly length: number;
}

/** The error of a text that is not in the language. The message never holds `;`: SDKs cut there (service.md §0.4). */
export function querySyntaxError(message: string, place: QueryErrorPlace): HubError {
  const text = `${message} (at character ${place.position + 1})`;
  return new HubError('ArgumentInvalid', text.replaceAll(';', ','), { position: place.position, length: place.length });
}

/** Where the text is wrong, when the error came from the parser. */
export function queryErrorPlace(error: unknown): QueryErrorPlace | undefined {
  if (!(error instanceof HubError) || error.info === undefined) return undefined;
  const { position, length } = error.info;
  return typeof position === 'number' && typeof length === 'number' ? { position, length } : undefined;
}

/** Two lines for a terminal: the part of the text around the place, and carets under it. */
export function pointAt(text: string, place: QueryErrorPlace, width = 72): string {
  const before = Math.min(place.position, Math.floor(width / 2));
  const start = place.position - before;
  const line = text.slice(start, start + width).replaceAll(/\s/g, ' ');
  const carets = Math.max(1, Math.min(place.length, width - before));
  return `${line}\n${' '.repeat(before)}${'^'.repeat(carets)}`;
}
