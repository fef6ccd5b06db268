/** What the provisioning service needs beside storage: hubs to assign devices to, and webhooks. */
import type { JsonObject } from '../../../std/json.ts';

/** How a device proves itself to its hub. */
export type HubCredential =
  | { readonly type: 'sas'; readonly primaryKey: string; readonly secondaryKey: string }
  | { readonly type: 'selfSigned'; readonly primaryThumbprint: string; readonly secondaryThumbprint: string | null };

export interface HubDevice {
  readonly deviceId: string;
  readonly credential: HubCredential | undefined;
  readonly iotEdge: boolean;
  readonly tags: JsonObject;
  readonly desired: JsonObject;
}

/** A hub that devices are assigned to: the carried one, or another by its REST API. */
export interface LinkedHub {
  readonly hostName: string;
  /** Share of the hashed allocation, above 0. */
  readonly weight: number;
  read(deviceId: string): Promise<HubDevice | undefined>;
  /** HubError DeviceAlreadyExists. */
  create(device: HubDevice & { readonly credential: HubCredential }): Promise<void>;
  setCredential(deviceId: string, credential: HubCredential, iotEdge: boolean): Promise<void>;
  /** Done too when there is no such device. */
  delete(deviceId: string): Promise<void>;
}

/** Posts JSON to an allocation webhook. Rejects when nothing answers in time or the answer is too large. */
export type AllocationWebhook = (request: {
  readonly url: string;
  readonly body: JsonObject;
}) => Promise<{ readonly status: number; readonly text: string }>;

/** Milliseconds between a device's address and a hub; undefined when the table does not say. */
export type LatencyTable = (remote: string | undefined, hostName: string) => number | undefined;
