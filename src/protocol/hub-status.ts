/** Where a running hub of iotctl says how it is; an extension beside the IoT Hub REST API, for any policy. */
export const hubStatusPath = '/iotctl/status';

/** What it answers. Times are ISO 8601, null when nothing is stored. */
export interface HubStatus {
  readonly version: string;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly devices: { readonly total: number; readonly enabled: number; readonly connected: number };
  readonly telemetry: {
    readonly partitions: number;
    readonly messages: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly newest: string | null;
  };
}
