/** A back end over AMQP, and events as promises. */
import { createRequire } from 'node:module';
import type * as ServiceSdk from 'azure-iothub';
import type { SdkHub } from './sdk-hub.ts';

const serviceSdk = createRequire(import.meta.url)('azure-iothub') as typeof ServiceSdk;

/** The service client of the official SDK, not connected yet. The hub's own connection string when none is given. */
export function backEnd(
  hub: SdkHub,
  transport: 'AMQP' | 'AMQP-WS' = 'AMQP',
  connectionString: string = hub.info.connectionString,
): ServiceSdk.Client {
  return serviceSdk.Client.fromConnectionString(
    connectionString,
    transport === 'AMQP' ? serviceSdk.Amqp : serviceSdk.AmqpWs,
  );
}

/** Resolves with the first value of the event that is wanted. */
export function nextEvent<Value>(
  emitter: { on(name: string, listener: (value: Value) => void): unknown },
  name: string,
  wanted: (value: Value) => boolean,
): Promise<Value> {
  return new Promise((resolve) => {
    emitter.on(name, (value: Value) => {
      if (wanted(value)) resolve(value);
    });
  });
}
