/** Declares a test and what it proves, so that the run can print the table of what works. */
import { test, type TestOptions } from 'vitest';
import { environment } from './environment.ts';

/** How a device or back end reaches the hub. `HTTPS` is REST. */
export type Transport = 'MQTT' | 'MQTT-WS' | 'AMQP' | 'AMQP-WS' | 'HTTPS';

/** `key`: a symmetric key; `token`: a ready-made signature; `thumbprint`, `authority`: X.509; `policy`: a shared access policy. */
export type Authentication = 'key' | 'token' | 'thumbprint' | 'authority' | 'group key' | 'policy' | 'TPM';

export interface Proof {
  /** A row of the table, such as `telemetry`. */
  readonly capability: string;
  readonly transport: Transport;
  readonly authentication: Authentication;
}

declare module 'vitest' {
  interface TaskMeta {
    proof?: Proof;
  }
}

/** A test with an official SDK. Skipped, with the reason printed once, where the SDKs' fixed ports cannot be had. */
export function sdkTest(proof: Proof, name: string, run: () => Promise<void>, options: TestOptions = {}): void {
  const title = `${proof.capability} over ${proof.transport} with ${proof.authentication}: ${name}`;
  test.skipIf(process.env[environment.skip] !== undefined)(title, { ...options, meta: { proof } }, run);
}
