/** Secrets that are looked for in every form they might slip out in. */
import { createHash } from 'node:crypto';

/** Every way a secret is written, by the name of the way. `secret` is base64 or any other text. */
function formsOf(secret: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(secret, 'base64');
  const text = Buffer.from(secret);
  return new Map(
    Object.entries({
      plain: secret,
      url: encodeURIComponent(secret),
      hex: bytes.toString('hex'),
      HEX: bytes.toString('hex').toUpperCase(),
      base64url: bytes.toString('base64url'),
      'base64 of the text': text.toString('base64').slice(0, 40),
      'hex of the text': text.toString('hex'),
      reversed: secret.split('').toReversed().join(''),
      'first half': secret.slice(0, Math.floor(secret.length / 2)),
      'second half': secret.slice(Math.ceil(secret.length / 2)),
      'bytes of the text': [...text].join(','),
      bytes: [...bytes].join(','),
      json: JSON.stringify(secret).slice(1, -1),
    }).filter(([, form]) => form.length >= 12),
  );
}

export interface Leak {
  readonly secret: string;
  readonly form: string;
}

/** Which secrets a text holds, and in which form. Line ends and spaces do not hide them. */
export function leaksIn(text: string, secrets: ReadonlyMap<string, string>): readonly Leak[] {
  // oxlint-disable-next-line no-control-regex -- colours may stand in the midst of a text
  const joined = text.replaceAll(/\u001b\[[\d;]*m|\s+/g, '');
  return [...secrets].flatMap(([name, secret]) =>
    [...formsOf(secret)].flatMap(([form, value]) =>
      text.includes(value) || joined.includes(value) ? [{ secret: name, form }] : [],
    ),
  );
}

/** A secret of 32 bytes that is the same in every run, so that what is found can be looked for again. */
export function canaryOf(name: string): string {
  return createHash('sha256').update(`canary ${name}`).digest('base64');
}
