/** What a request for a file that never changes is answered with. Source: RFC 9110 §13, §14. */
import type { IncomingHttpHeaders } from 'node:http';

export type FileReply =
  /** The whole file. */
  | { readonly status: 200 }
  /** The bytes from `start` up to and without `end`. */
  | { readonly status: 206; readonly start: number; readonly end: number }
  /** The caller has it already. */
  | { readonly status: 304 }
  /** It is not the file that the caller means. */
  | { readonly status: 412 }
  /** It has no such bytes. */
  | { readonly status: 416 };

/** `etag` is a strong one, with its quotes. */
export function fileReply(
  method: string,
  headers: IncomingHttpHeaders,
  { etag, size }: { readonly etag: string; readonly size: number },
): FileReply {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !names(ifMatch, etag, false)) return { status: 412 };
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && names(ifNoneMatch, etag, true)) return { status: 304 };
  const ifRange = headers['if-range'];
  // A date cannot be compared: a file has none that it would keep on its way through a backup.
  if (method !== 'GET' || (ifRange !== undefined && ifRange !== etag)) return { status: 200 };
  return rangeReply(headers.range, size);
}

function names(header: string, etag: string, weakly: boolean): boolean {
  return header.split(',').some((each) => {
    const tag = each.trim();
    return tag === '*' || tag === etag || (weakly && tag === `W/${etag}`);
  });
}

/** A range in a form that is not understood, and several at once, are ignored, as HTTP says. */
function rangeReply(header: string | undefined, size: number): FileReply {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return { status: 200 };
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { status: 416 } : { status: 206, start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { status: 200 };
  if (start >= size) return { status: 416 };
  return { status: 206, start, end: last === '' ? size : Math.min(size, Number(last) + 1) };
}
