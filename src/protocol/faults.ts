/** Faults a hub of iotctl can be told to make, so that programs can be tested against a bad network. An extension of ours. */
/** Where rules are added (POST), listed (GET) and removed (DELETE, one by `/{id}`). */
export const faultsPath = '/iotctl/faults';

export const faultKinds = ['drop', 'delay', 'disconnect', 'refuse', 'method-timeout'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What each kind does, for people. */
export const faultMeanings: Readonly<Record<FaultKind, string>> = {
  drop: 'messages from and to the device are lost',
  delay: 'messages from and to the device come late',
  disconnect: 'the connection is cut when something is sent',
  refuse: 'connections and requests of the device are refused',
  'method-timeout': 'commands get no answer',
};

/** A rule as it is asked for. */
export interface FaultRequest {
  readonly kind: FaultKind;
  /** Device id or glob. */
  readonly device: string;
  /** How often it strikes, above 0 up to 1. */
  readonly probability: number;
  /** Milliseconds; of `delay` alone. */
  readonly delayMs?: number | undefined;
  /** How long the rule holds, milliseconds; until it is cleared when absent. */
  readonly forMs?: number | undefined;
}

/** A rule that holds. */
export interface FaultRule {
  /** `fault-1`, … */
  readonly id: string;
  readonly kind: FaultKind;
  readonly device: string;
  readonly probability: number;
  /** Null unless it is a delay. */
  readonly delayMs: number | null;
  /** ISO 8601. */
  readonly addedAt: string;
  /** ISO 8601; null when it holds until it is cleared. */
  readonly expiresAt: string | null;
  /** How often it has struck. */
  readonly strikes: number;
}

/** Milliseconds, but for the number of rules. */
export const faultLimits = {
  rules: 100,
  delayMs: 600_000,
  forMs: 7 * 24 * 3_600_000,
} as const;
