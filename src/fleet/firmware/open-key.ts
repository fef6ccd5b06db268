import { createPublicKey, type KeyObject } from 'node:crypto';
import { Failure } from '../../errors/index.ts';
import { keyIdOf, rawPublicKey, readPrivateKey, readPublicKey, type Trust } from '../../protocol/firmware/index.ts';

/** True for a private key that needs a passphrase. */
export function isEncryptedKey(pem: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
}

/** A key that signs. `where` names it in failures; its text never stands in one. Failures: invalid-input, not-authorised (passphrase). */
export function openPrivateKey(pem: string, where: string, passphrase?: string): KeyObject {
  try {
    return readPrivateKey(pem, passphrase);
  } catch (error) {
    if (error instanceof TypeError && /not Ed25519/.test(error.message))
      throw new Failure('invalid-input', `${where}: ${error.message}`, { hint: 'iotctl firmware keygen NAME' });
    // What OpenSSL says may quote what it was given, so it is no cause either.
    if (isEncryptedKey(pem) && passphrase !== undefined)
      throw new Failure('not-authorised', `the passphrase does not open ${where}`, { hint: 'type it again' });
    throw new Failure('invalid-input', `${where} is no private key in PEM`, { hint: 'iotctl firmware keygen NAME' });
  }
}

/** A public key in PEM. Failure: invalid-input; also for a private key, which does not belong where a public one is asked for. */
export function openPublicKey(pem: string, where: string): KeyObject {
  if (/PRIVATE KEY-----/.test(pem))
    throw new Failure('invalid-input', `${where} is a private key; the public one is needed`, {
      hint: 'its public half is the file NAME.pub that firmware keygen wrote beside it',
    });
  try {
    return readPublicKey(pem);
  } catch (error) {
    throw new Failure(
      'invalid-input',
      error instanceof TypeError && /not Ed25519/.test(error.message)
        ? `${where}: ${error.message}`
        : `${where} is no public key in PEM`,
      { cause: error },
    );
  }
}

/** One key as a set of keys. */
export function keysOf(key: KeyObject): Pick<Trust, 'keys'> {
  const publicKey = rawPublicKey(key.type === 'private' ? createPublicKey(key) : key);
  return { keys: [{ keyId: keyIdOf(publicKey), publicKey }] };
}
