/** Tokens that were tampered with, and an oracle that says independently which of them still say the same. */
import { createHmac } from 'node:crypto';
import { below, pick, type Random } from '../../fuzz/support/random.ts';

export interface TokenParts {
  readonly resource: string;
  readonly expiry: string;
  readonly key: string;
  readonly keyName?: string | undefined;
}

/** A token as an honest device makes it, written here a second time so that a mistake in the hub's own writer does not hide. */
export function honestToken({ resource, expiry, key, keyName }: TokenParts): string {
  const sr = encodeURIComponent(resource);
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${expiry}`).digest('base64');
  const skn = keyName === undefined ? '' : `&skn=${encodeURIComponent(keyName)}`;
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${expiry}${skn}`;
}

/** One token made of an honest one by a change that somebody without the key can make. `others` are the tokens of other devices. */
export function tamper(random: Random, token: string, others: readonly string[]): string {
  const fields = token.slice('SharedAccessSignature '.length).split('&');
  const index = below(random, fields.length);
  const [name, value] = splitOnce(fields[index] ?? '');
  const replaced = (text: string): string => join(fields.with(index, text));
  switch (below(random, 14)) {
    case 0:
    case 1: // One bit of any character.
      return flipBit(random, token);
    case 2: // One bit of the decoded signature.
      return join(
        fields.map((field) =>
          field.startsWith('sig=') ? `sig=${encodeURIComponent(flipSignature(random, field.slice(4)))}` : field,
        ),
      );
    case 3:
      return join(fields.toSpliced(index, 1));
    case 4:
      return join([...fields, fields[index] ?? '']);
    case 5:
      return join([...fields, fields[index] ?? ''].toReversed());
    case 6: // A later or odd expiry.
      return join(fields.map((field) => (field.startsWith('se=') ? `se=${pick(random, oddExpiries)}` : field)));
    case 7: // The resource of another, or of a prefix of this one.
      return join(
        fields.map((field) => (field.startsWith('sr=') ? `sr=${pick(random, resourcesLike(field.slice(3)))}` : field)),
      );
    case 8: // A field of somebody else's token.
      return join(
        fields.with(index, pick(random, pick(random, others).slice('SharedAccessSignature '.length).split('&'))),
      );
    case 9:
      return replaced(`${name}=${encodeURIComponent(value)}`);
    case 10: // Base64 in another alphabet, without padding, with blanks.
      return join(
        fields.map((field) =>
          field.startsWith('sig=') ? `sig=${pick(random, base64Variants(field.slice(4)))}` : field,
        ),
      );
    case 11:
      return join([...fields.filter((field) => !field.startsWith('skn=')), `skn=${pick(random, policyNames)}`]);
    case 12:
      return replaced(`${pick(random, [' ', '\t', '%20', '+', '\u0000'])}${fields[index] ?? ''}`);
    default:
      return pick(random, wholes(token));
  }
}

const oddExpiries = [
  '0',
  '-1',
  '1e99',
  '99999999999',
  '9007199254740993',
  'NaN',
  'Infinity',
  '',
  ' 99999999999',
  '0x7fffffff',
  '99999999999.5',
  '+99999999999',
];
const policyNames = [
  'iothubowner',
  'device',
  'service',
  'registryReadWrite',
  '',
  'IOTHUBOWNER',
  'nobody',
  '__proto__',
  'constructor',
];

function resourcesLike(encoded: string): string[] {
  const resource = decodes(encoded) ?? encoded;
  const cut = resource.lastIndexOf('/');
  return [
    `${encoded}0`,
    encoded.slice(0, -1),
    encodeURIComponent(resource.slice(0, cut)),
    encodeURIComponent(`${resource}/`),
    encodeURIComponent(`${resource}/../dev2`),
    encodeURIComponent(resource.toUpperCase()),
    encodeURIComponent(resource.replace('dev1', 'dev10')),
    encodeURIComponent(resource.replace('dev1', 'dev2')),
    encodeURIComponent(encoded),
    resource,
    encodeURIComponent(resource.replace('localhost', 'another.example')),
    encodeURIComponent(`${resource}/modules/m1`),
    encoded.toLowerCase(),
    '',
  ];
}

function base64Variants(encoded: string): string[] {
  const text = decodes(encoded) ?? encoded;
  return [
    text.replaceAll('+', '-').replaceAll('/', '_'),
    text.replace(/=+$/, ''),
    `${text}=`,
    ` ${text}`,
    `${text}\n`,
    text.toLowerCase(),
    Buffer.from(text, 'base64').toString('hex'),
    `${text.slice(0, -2)}${String.fromCharCode(text.charCodeAt(text.length - 2) + 1)}=`,
    '',
    'AA==',
  ].map((each) => encodeURIComponent(each.toWellFormed()));
}

function wholes(token: string): string[] {
  const body = token.slice('SharedAccessSignature '.length);
  return [
    body,
    `sharedaccesssignature ${body}`,
    `SharedAccessSignature  ${body}`,
    `SharedAccessSignature ${body}&`,
    `SharedAccessSignature &${body}`,
    `Bearer ${body}`,
    `SharedAccessSignature ${encodeURIComponent(body)}`,
    `${token},${token}`,
    token.slice(0, -1),
    token.toUpperCase(),
    '',
    'SharedAccessSignature ',
    token.repeat(20),
  ];
}

function flipBit(random: Random, text: string): string {
  const at = below(random, text.length);
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << below(random, 7))) + text.slice(at + 1);
}

function flipSignature(random: Random, encoded: string): string {
  const bytes = Buffer.from(decodes(encoded) ?? encoded, 'base64');
  const at = below(random, bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << below(random, 8));
  return bytes.toString('base64');
}

function join(fields: readonly string[]): string {
  return `SharedAccessSignature ${fields.join('&')}`;
}

function splitOnce(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
}

/**
 * True when the token says the very same as the honest one: each field once, the signed text byte for byte, the signature and the
 * name the same once decoded. Names may have any case and stand in any order, and fields nobody knows say nothing (device.md §1.2).
 */
export function saysTheSame(token: string, honest: string): boolean {
  const [left, right] = [readFields(token), readFields(honest)];
  if (left === undefined || right === undefined) return false;
  const same = (name: string): boolean => decodes(left.get(name)) === decodes(right.get(name));
  return left.get('sr') === right.get('sr') && left.get('se') === right.get('se') && same('sig') && same('skn');
}

function decodes(text: string | undefined): string | undefined {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return undefined;
  }
}

function readFields(token: string): Map<string, string> | undefined {
  if (!token.startsWith('SharedAccessSignature ')) return undefined;
  const fields = new Map<string, string>();
  for (const field of token.slice('SharedAccessSignature '.length).split('&')) {
    const [name, value] = splitOnce(field);
    if (!field.includes('=') || fields.has(name.toLowerCase())) return undefined;
    fields.set(name.toLowerCase(), value);
  }
  return fields;
}
