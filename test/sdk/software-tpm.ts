/**
 * What a TPM does with an activation blob, in software and written apart from the hub: ActivateCredential, Import, and an HMAC
 * with the imported key. Source: TPM 2.0 Library, part 1, §11.4.10, §23.3, §24.
 */
import {
  constants,
  createDecipheriv,
  createHash,
  createHmac,
  generateKeyPairSync,
  privateDecrypt,
  type KeyObject,
} from 'node:crypto';

type Answer<Value> = (error: Error | null, value?: Value) => void;

/** As the device SDK wants it: `TpmSecurityClient`. */
export class SoftwareTpm {
  readonly registrationId: string;
  readonly #endorsement = makeKey(0x000300b2);
  readonly #storage = makeKey(0x00030472);
  #identityKey: Buffer | undefined;

  constructor(registrationId: string) {
    this.registrationId = registrationId;
  }

  get endorsementKey(): Buffer {
    return this.#endorsement.public;
  }

  /** The key brought in last, base64. */
  get importedKey(): string {
    return this.#identityKey?.toString('base64') ?? '';
  }

  getEndorsementKey(answer: Answer<Buffer>): void {
    answer(null, this.#endorsement.public);
  }

  getStorageRootKey(answer: Answer<Buffer>): void {
    answer(null, this.#storage.public);
  }

  getRegistrationId(answer: Answer<string>): void {
    answer(null, this.registrationId);
  }

  signWithIdentity(data: Buffer, answer: Answer<Buffer>): void {
    answer(
      null,
      createHmac('sha256', this.#identityKey ?? '')
        .update(data)
        .digest(),
    );
  }

  activateIdentityKey(blob: Buffer, answer: Answer<void>): void {
    try {
      this.#identityKey = this.#import(blob);
    } catch (error) {
      answer(error as Error);
      return;
    }
    answer(null);
  }

  #import(blob: Buffer): Buffer {
    const parts = new Reader(blob);
    const [credential, credentialSecret, duplicate, duplicateSeed, publicArea] = [1, 2, 3, 4, 5].map(() =>
      parts.sized(),
    );
    const inner = new Reader(
      unwrap(this.#endorsement, 'IDENTITY', credential!, credentialSecret!, nameOf(this.#storage.public.subarray(2))),
    ).sized();
    const name = nameOf(publicArea!);
    const wrapped = new Reader(decrypt(inner, unwrap(this.#storage, 'DUPLICATE', duplicate!, duplicateSeed!, name)));
    const integrity = wrapped.sized();
    const sensitive = wrapped.rest();
    expectSame(integrity, createHash('sha256').update(sensitive).update(name).digest());
    const fields = new Reader(new Reader(sensitive).sized());
    if (fields.uint16() !== 8) throw new Error('not a keyed hash object');
    fields.sized();
    const seed = fields.sized();
    const key = fields.sized();
    expectSame(publicArea!.subarray(-32), createHash('sha256').update(seed).update(key).digest());
    return key;
  }
}

interface Key {
  readonly private: KeyObject;
  /** TPM2B_PUBLIC. */
  readonly public: Buffer;
}

function makeKey(attributes: number): Key {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const modulus = Buffer.from(pair.publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
  const area = Buffer.concat([
    words(1, 11),
    Buffer.from(attributes.toString(16).padStart(8, '0'), 'hex'),
    words(32),
    Buffer.alloc(32, 7),
    words(6, 128, 67, 16, 2048),
    Buffer.alloc(4),
    words(modulus.length),
    modulus,
  ]);
  return { private: pair.privateKey, public: Buffer.concat([words(area.length), area]) };
}

function unwrap(key: Key, label: string, wrapped: Buffer, secret: Buffer, name: Buffer): Buffer {
  const seed = privateDecrypt(
    {
      key: key.private,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: 'sha256',
      oaepLabel: Buffer.from(`${label}\0`),
    },
    secret,
  );
  const parts = new Reader(wrapped);
  const integrity = parts.sized();
  const content = parts.rest();
  const integrityKey = kdf(seed, 'INTEGRITY', Buffer.alloc(0), 256);
  expectSame(integrity, createHmac('sha256', integrityKey).update(content).update(name).digest());
  return decrypt(kdf(seed, 'STORAGE', name, 128), content);
}

function kdf(key: Buffer, label: string, context: Buffer, bits: number): Buffer {
  const parts = [
    Buffer.from([0, 0, 0, 1]),
    Buffer.from(`${label}\0`),
    context,
    Buffer.from([0, 0, bits >> 8, bits & 255]),
  ];
  return createHmac('sha256', key)
    .update(Buffer.concat(parts))
    .digest()
    .subarray(0, bits / 8);
}

function decrypt(key: Buffer, content: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-cfb', key, Buffer.alloc(16));
  return Buffer.concat([decipher.update(content), decipher.final()]);
}

function nameOf(area: Buffer): Buffer {
  return Buffer.concat([words(11), createHash('sha256').update(area).digest()]);
}

function words(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 255])));
}

function expectSame(given: Buffer, computed: Buffer): void {
  if (!given.equals(computed)) throw new Error('the integrity of the activation blob does not hold');
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint16(): number {
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  sized(): Buffer {
    const size = this.uint16();
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }
}
