/** The operating system's keychain, where there is one that works. */
import type { Clock } from '../std/clock.ts';

export interface Keychain {
  /** The secret, undefined when there is none. Rejects when the keychain cannot be used. */
  get(account: string): Promise<string | undefined>;
  set(account: string, secret: string): Promise<void>;
  remove(account: string): Promise<void>;
}

const service = 'iotctl';
const patienceMs = 3_000;

/**
 * The system's keychain, or undefined when there is none: the optional package is absent, no secret service runs, or it does not
 * answer in 3 s. Decided by a real read.
 */
export async function openSystemKeychain(clock: Clock): Promise<Keychain | undefined> {
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    // Without the pin Linux falls back to the kernel's keyring, which forgets everything at the next boot.
    const entry = (account: string): InstanceType<typeof AsyncEntry> =>
      new AsyncEntry(service, account, { linux: { store: 'secret-service' } });
    const keychain: Keychain = {
      get: async (account) => (await inTime(clock, (signal) => entry(account).getPassword(signal))) ?? undefined,
      set: async (account, secret) => inTime(clock, (signal) => entry(account).setPassword(secret, signal)),
      remove: async (account) => {
        await inTime(clock, (signal) => entry(account).deletePassword(signal));
      },
    };
    await keychain.get('probe');
    return keychain;
  } catch {
    return undefined;
  }
}

async function inTime<Value>(clock: Clock, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(patienceMs, () => {
    const error = new Error('the keychain does not answer');
    controller.abort(error);
    late.reject(error);
  });
  try {
    return await Promise.race([work(controller.signal), late.promise]);
  } finally {
    cancel();
  }
}
