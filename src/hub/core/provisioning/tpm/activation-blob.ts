/**
 * A key for a TPM, sealed so that only the TPM with this endorsement key, and in it only the storage root key of this name, can
 * bring it in. Source: TPM 2.0 Library, part 1, §23.3 (duplication), §24 (credentials), §11.4.10 (KDFa).
 */
import { constants, createCipheriv, createHash, createHmac, publicEncrypt, randomBytes } from 'node:crypto';
import { sized, uint16, type TpmKey } from './public-area.ts';

const keyedHash = 0x0008;
const hmac = 0x0005;
const sha256 = 0x000b;
/** Signs, by authorization value, not subject to the lockout; may come from elsewhere. */
const attributes = 0x0004_0440;
const aesBits = 128;

/**
 * What devices take apart in this order: credential, its secret, the duplicate, the seed of its wrapping, the public part of the
 * imported key, data (encrypted with the inner key).
 * @param key becomes an HMAC key of the TPM
 */
export function sealToTpm(endorsement: TpmKey, storage: TpmKey, key: Buffer, data: string): Buffer {
  const innerKey = randomBytes(aesBits / 8);
  const [credential, credentialSecret] = makeCredential(endorsement, storage.name, innerKey);
  const seed = randomBytes(32);
  const publicArea = publicAreaOf(key, seed);
  const name = Buffer.concat([uint16(sha256), createHash('sha256').update(publicArea).digest()]);
  const sensitive = sized(uint16(keyedHash), sized(), sized(seed), sized(key));
  const integrity = sized(createHash('sha256').update(sensitive).update(name).digest());
  const [duplicate, duplicateSeed] = wrap(
    storage,
    name,
    encrypt(innerKey, Buffer.concat([integrity, sensitive])),
    'DUPLICATE',
  );
  return Buffer.concat([
    credential,
    credentialSecret,
    duplicate,
    duplicateSeed,
    sized(publicArea),
    sized(encrypt(innerKey, Buffer.from(data))),
  ]);
}

/** TPM2_MakeCredential: a TPM2B_ID_OBJECT and its TPM2B_ENCRYPTED_SECRET. */
function makeCredential(endorsement: TpmKey, name: Buffer, secret: Buffer): readonly [Buffer, Buffer] {
  return wrap(endorsement, name, sized(secret), 'IDENTITY');
}

/** Encrypts and signs by keys of a fresh seed, which only the TPM can read. Credentials and duplicates differ in the label alone. */
function wrap(to: TpmKey, name: Buffer, content: Buffer, label: 'IDENTITY' | 'DUPLICATE'): readonly [Buffer, Buffer] {
  const digestBytes = createHash(to.hash).digest().length;
  const seed = randomBytes(digestBytes);
  const encryptedSeed = publicEncrypt(
    {
      key: to.key,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: to.hash,
      oaepLabel: Buffer.from(`${label}\0`),
    },
    seed,
  );
  const encrypted = encrypt(deriveKey(to.hash, seed, 'STORAGE', name, aesBits), content);
  const integrityKey = deriveKey(to.hash, seed, 'INTEGRITY', Buffer.alloc(0), digestBytes * 8);
  const integrity = createHmac(to.hash, integrityKey).update(encrypted).update(name).digest();
  return [sized(sized(integrity), encrypted), sized(encryptedSeed)];
}

/** TPMT_PUBLIC of an HMAC key. Its unique value binds the key and the seed that comes with it. */
function publicAreaOf(key: Buffer, seed: Buffer): Buffer {
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(attributes);
  const unique = createHash('sha256').update(seed).update(key).digest();
  return Buffer.concat([
    uint16(keyedHash),
    uint16(sha256),
    flags,
    sized(),
    uint16(hmac),
    uint16(sha256),
    sized(unique),
  ]);
}

/** KDFa; the second context is always empty here. */
function deriveKey(hash: string, key: Buffer, label: string, context: Buffer, bits: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 1; Buffer.concat(blocks).length * 8 < bits; counter++)
    blocks.push(
      createHmac(hash, key).update(uint32(counter)).update(`${label}\0`).update(context).update(uint32(bits)).digest(),
    );
  return Buffer.concat(blocks).subarray(0, bits / 8);
}

/** AES-128 in CFB mode without an initial vector: every key is used once. */
function encrypt(key: Buffer, content: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-cfb', key, Buffer.alloc(16));
  return Buffer.concat([cipher.update(content), cipher.final()]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
