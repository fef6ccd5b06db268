/** Keeps secrets out of what is written for people and machines to read: a log, above all. */

const hidden = '[redacted]';

/** Names whose values are secrets, as this program and the protocols that it speaks write them. */
const secretName =
  /^(?:primary|secondary|shared_?access|symmetric|account|private|storage)?_?keys?$|(?:key|signature|secret|password|passphrase|token|authorization|connection_?string)$/i;

/** Secrets inside a text: connection strings, tokens, signed addresses, headers, PEM keys. */
const secretText: readonly (readonly [RegExp, string])[] = [
  [/((?:SharedAccessKey|AccountKey|SharedAccessSignature)=)[^;\s"']+/gi, `$1${hidden}`],
  [/([?&\s](?:sig|sv_sig|token|code)=)[^&\s"']+/gi, `$1${hidden}`],
  [/\b(SharedAccessSignature|Bearer|Basic)\s+[^\s"',;]+/gi, `$1 ${hidden}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, hidden],
];

/** Deeper than any fact that is logged; what lies below is left out. */
const deepest = 6;

/** The text without the secrets that can be told by their form. */
export function redactText(text: string): string {
  return secretText.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

/** A copy of the value without secrets: by the names of members, and inside texts. Errors keep their type, words and trace. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (depth >= deepest) return '[…]';
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((element) => redact(element, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isSecret(name, member) ? hidden : redact(member, depth + 1)]),
  );
}

function isSecret(name: string, member: unknown): boolean {
  return typeof member === 'string' && member !== '' && secretName.test(name);
}

function redactError(error: Error, depth: number): object {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(cause !== undefined && { cause: redact(cause, depth + 1) }),
  };
}
