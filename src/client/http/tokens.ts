import { createSasToken } from '../../protocol/sas-token.ts';
import type { Clock } from '../../std/clock.ts';

export interface TokenSourceOptions {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  readonly clock: Clock;
}

const lifeMs = 3_600_000;
/** A token is replaced this long before it expires, so that none expires under way. */
const reserveMs = 600_000;

/** Tokens of a service policy for the whole hub, made for an hour and reused. Source: service.md §1.1. */
export function createTokenSource(options: TokenSourceOptions): () => string {
  let token = '';
  let madeAt = 0;
  return () => {
    const now = options.clock.now();
    // A clock that was set back would keep a token of the future for too long.
    if (token === '' || now >= madeAt + lifeMs - reserveMs || now < madeAt) {
      token = createSasToken({
        resource: options.hostName.toLowerCase().replace(/:\d+$/, ''),
        key: options.sharedAccessKey,
        keyName: options.sharedAccessKeyName,
        expiresAt: Math.floor((now + lifeMs) / 1000),
      });
      madeAt = now;
    }
    return token;
  };
}
