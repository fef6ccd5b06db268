/** How far the clock of a hub is from that of this program, as far as the Date headers of its answers tell. */
export interface ClockOffset {
  /** `date` is the header's text; the times are those of this program's clock, Unix milliseconds. */
  take(date: string | undefined, sentAt: number, answeredAt: number): void;
  /** Milliseconds that the hub is ahead; 0 as long as that agrees with everything seen. */
  readonly offsetMs: number;
}

/** What was seen longer ago counts no more: clocks are set. */
const memoryMs = 600_000;

export function createClockOffset(): ClockOffset {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let since = 0;
  return {
    take(date, sentAt, answeredAt) {
      const second = date === undefined ? Number.NaN : Date.parse(date);
      if (Number.isNaN(second)) return;
      // The header leaves the milliseconds out, and was written at any moment between the request and its answer.
      const [low, high] = [second - answeredAt, second + 1_000 - sentAt];
      const isOld = answeredAt - since > memoryMs || answeredAt < since;
      if (isOld || low > most || high < least) [least, most, since] = [low, high, answeredAt];
      else [least, most] = [Math.max(least, low), Math.min(most, high)];
    },
    get offsetMs() {
      return Math.max(least, Math.min(most, 0));
    },
  };
}
