/**
 * Connects with `azure-iot-device-mqtt` and closes again, one after the other, and says how long each connect took. Reads an
 * {@link SdkPlan} as JSON from standard input and writes the times in milliseconds as a JSON array to standard output.
 */
import { text } from 'node:stream/consumers';
import { createRequire } from 'node:module';
import type * as CommonSdk from 'azure-iot-common';
import type * as DeviceSdk from 'azure-iot-device';
import type * as MqttSdk from 'azure-iot-device-mqtt';

export interface SdkPlan {
  /** One for each connect. */
  readonly connectionStrings: readonly string[];
}

const load = createRequire(import.meta.url);
const { NoRetry } = load('azure-iot-common') as typeof CommonSdk;
const { Client } = load('azure-iot-device') as typeof DeviceSdk;
const { Mqtt } = load('azure-iot-device-mqtt') as typeof MqttSdk;

const plan = JSON.parse(await text(process.stdin)) as SdkPlan;
const times: number[] = [];
for (const connectionString of plan.connectionStrings) {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  client.setRetryPolicy(new NoRetry());
  const begin = performance.now();
  await client.open();
  times.push(performance.now() - begin);
  await client.close();
}
process.stdout.write(JSON.stringify(times), () => process.exit());
