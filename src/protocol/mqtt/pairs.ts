/** Splits `a=1&b=2` on the first `=` of each pair; a name alone has no value. Nothing is decoded. */
export function* splitPairs(text: string): Generator<readonly [name: string, value: string | undefined]> {
  let start = 0;
  while (start < text.length) {
    const ampersand = text.indexOf('&', start);
    const end = ampersand < 0 ? text.length : ampersand;
    const equals = text.indexOf('=', start);
    if (equals >= 0 && equals < end) yield [text.slice(start, equals), text.slice(equals + 1, end)];
    else if (end > start) yield [text.slice(start, end), undefined];
    start = end + 1;
  }
}

/** Percent-decodes; `+` stays `+`. Text whose encoding is broken is returned as it is: a device may send anything. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Percent-encodes; a lone surrogate becomes U+FFFD instead of an exception. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
