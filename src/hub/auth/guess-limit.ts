import type { Clock } from '../../std/clock.ts';
import type { HubLimits } from '../limits/index.ts';

/** Remembers wrong credentials for a while, by address and by what they were for. Costs nothing as long as there are none. */
export interface GuessLimit {
  /** Milliseconds until this address may try this name again; 0 when it may now. */
  waitMs(address: string, name: string): number;
  failed(address: string, name: string): void;
  /** The name was let in from there: it waits for no other of its address from now on. */
  succeeded(address: string, name: string): void;
}

/** A bucket that fills with each failure and runs out with time. */
interface Bucket {
  level: number;
  at: number;
}

interface Rule {
  readonly most: number;
  readonly stepMs: number;
}

export function createGuessLimit(limits: HubLimits['credentials'], clock: Pick<Clock, 'monotonic'>): GuessLimit {
  const ofName: Rule = { most: limits.guesses, stepMs: limits.guessMs };
  const ofAddress: Rule = { most: limits.guessesPerAddress, stepMs: limits.guessPerAddressMs };
  const names = createRecent<Bucket>(limits.remembered);
  const addresses = createRecent<Bucket>(limits.remembered);
  const proved = createRecent<true>(limits.remembered);

  function levelNow(bucket: Bucket, { stepMs }: Rule): number {
    return Math.max(bucket.level - (clock.monotonic() - bucket.at) / stepMs, 0);
  }

  function waitOf(bucket: Bucket | undefined, rule: Rule): number {
    if (bucket === undefined) return 0;
    const over = levelNow(bucket, rule) - (rule.most - 1);
    return over > 0 ? over * rule.stepMs : 0;
  }

  function fill(buckets: Recent<Bucket>, key: string, rule: Rule): void {
    const bucket = buckets.get(key);
    const level = bucket === undefined ? 0 : levelNow(bucket, rule);
    // Never above full: whoever goes on trying waits no longer for it.
    buckets.set(key, { level: Math.min(level + 1, rule.most), at: clock.monotonic() });
  }

  return {
    waitMs(address, name) {
      if (addresses.size === 0) return 0;
      const network = networkOf(address);
      const key = keyOf(network, name);
      const own = waitOf(names.get(key), ofName);
      if (proved.get(key) !== undefined) return own;
      return Math.max(own, waitOf(addresses.get(network), ofAddress));
    },
    failed(address, name) {
      const network = networkOf(address);
      fill(names, keyOf(network, name), ofName);
      fill(addresses, network, ofAddress);
    },
    succeeded(address, name) {
      if (addresses.size === 0) return;
      const network = networkOf(address);
      if (addresses.get(network) !== undefined) proved.set(keyOf(network, name), true);
    },
  };
}

function keyOf(network: string, name: string): string {
  // An identity is at most 257 characters; what is longer is nobody's.
  return `${network}\n${name.slice(0, 300)}`;
}

/** Whoever has one address of IPv6 has the other 2^64 of its network as well. */
function networkOf(address: string): string {
  if (!address.includes(':') || /^::ffff:\d/i.test(address)) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.toLowerCase().split('::', 2) ?? [];
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const whole = [
    ...groups,
    ...Array.from({ length: Math.max(8 - groups.length - rest.length, 0) }, () => '0'),
    ...rest,
  ];
  return whole.slice(0, 4).join(':');
}

/** A map that forgets what was set longest ago. */
interface Recent<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  readonly size: number;
}

function createRecent<Value>(most: number): Recent<Value> {
  const entries = new Map<string, Value>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= most) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    get size() {
      return entries.size;
    },
  };
}
