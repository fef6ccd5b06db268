import { createCipheriv, pbkdf2, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** What OWASP asks of PBKDF2 with SHA-256. Node's own export takes 2048, which cannot be changed. */
const usualIterations = 600_000;

const oids = {
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
  hmacWithSha256: '2a864886f70d0209',
  aes256Cbc: '60864801650304012a',
} as const;

/** A private key as encrypted PKCS#8 in PEM: PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC. Source: RFC 5958 §3, RFC 8018 §6.2, A.4. */
export async function encryptKey(
  key: KeyObject,
  passphrase: string,
  iterations: number = usualIterations,
): Promise<string> {
  const [salt, vector] = [randomBytes(16), randomBytes(16)];
  const secret = await promisify(pbkdf2)(passphrase, salt, iterations, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', secret, vector);
  const plain = key.export({ format: 'der', type: 'pkcs8' });
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  secret.fill(0);
  plain.fill(0);
  const derivation = sequence(
    oid(oids.pbkdf2),
    sequence(octets(salt), integer(iterations), sequence(oid(oids.hmacWithSha256), tagged(0x05, Buffer.alloc(0)))),
  );
  const scheme = sequence(oid(oids.aes256Cbc), octets(vector));
  const der = sequence(sequence(oid(oids.pbes2), sequence(derivation, scheme)), octets(encrypted));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...lines, '-----END ENCRYPTED PRIVATE KEY-----', ''].join('\n');
}

/** DER: what stands here is shorter than 64 kB. */
function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function octets(bytes: Uint8Array): Buffer {
  return tagged(0x04, bytes);
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  // The first bit is the sign; more zeros than it needs are not DER.
  return tagged(0x02, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.alloc(1), bytes]));
}
