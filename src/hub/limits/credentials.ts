import type { Limit } from './limit.ts';

/** How often wrong credentials may be shown; right ones of others are never held up for them. */
export const credentialLimits = {
  guesses: {
    unit: 'count',
    default: 10,
    least: 1,
    most: 1_000_000,
    what: 'Wrong credentials for one identity or policy from one address; the next ones are refused unread, with 429 or its like, until some time has passed.',
    why: 'Trying keys costs whoever tries more than the hub. The same identity from another address is not held up, so that nobody can lock a device out.',
  },
  guessMs: {
    unit: 'milliseconds',
    default: 6_000,
    least: 1,
    most: 3_600_000,
    what: 'After so long one more of them may be tried.',
    why: 'It is also the longest that anybody waits, however often it was tried before.',
  },
  guessesPerAddress: {
    unit: 'count',
    default: 1_000,
    least: 1,
    most: 10_000_000,
    what: 'Wrong credentials from one address for all identities together, in the same manner. Of IPv6, a network of 64 bits is one address.',
    why: 'Behind one address may be a whole factory. What was let in from there since is not held up.',
  },
  guessPerAddressMs: {
    unit: 'milliseconds',
    default: 20,
    least: 1,
    most: 3_600_000,
    what: 'After so long one more of them may be tried.',
    why: 'Fifty a second cost nothing worth a thought.',
  },
  remembered: {
    unit: 'count',
    default: 10_000,
    least: 16,
    most: 10_000_000,
    what: 'Addresses and identities of which wrong credentials are remembered; the ones that were quiet longest are forgotten for others.',
    why: 'Some two megabytes at most.',
  },
} as const satisfies Record<string, Limit>;
