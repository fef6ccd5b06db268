import type { JsonObject } from '../../std/json.ts';

/** A service connection to the demo's hub, for a profile. */
export interface DemoConnection {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  /** A secret. */
  readonly sharedAccessKey: string;
  readonly serviceUrl: string;
  readonly deviceUrl: string;
  readonly caFile: string;
}

/** The story as it happens. Every `verified` was checked against what the hub says; a check that fails ends the story. */
export type DemoEvent =
  | { readonly kind: 'step'; readonly number: number; readonly of: number; readonly title: string }
  /** A message as it came from the hub. */
  | {
      readonly kind: 'telemetry';
      readonly deviceId: string;
      readonly time: string;
      readonly body: JsonObject;
      readonly alarm?: string;
    }
  | { readonly kind: 'verified'; readonly text: string }
  | { readonly kind: 'summary'; readonly summary: DemoSummary }
  /** With `keep`: the fleet goes on until the signal. */
  | { readonly kind: 'kept'; readonly connection: DemoConnection; readonly truck: string; readonly agent: string };

export interface DemoSummary {
  readonly devices: number;
  readonly messages: number;
  readonly commands: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly durationMs: number;
}
