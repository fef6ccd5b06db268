/** File uploads of devices: the hub grants a place, the device writes there, and says how it went. Source: device.md §3.4. */

/** Where and with which right a device may write one blob. Members as they go over the wire. */
export interface UploadGrant {
  readonly correlationId: string;
  readonly hostName: string;
  readonly containerName: string;
  readonly blobName: string;
  /** Begins with `?`. A secret. */
  readonly sasToken: string;
}

/** Tells back ends of a finished upload; resolves when the notice is stored. Source: service.md §8.5. */
export type NotifyUpload = (notice: {
  readonly deviceId: string;
  readonly blobUri: string;
  readonly blobName: string;
  readonly lastUpdatedTime: string;
  readonly blobSizeInBytes: number;
  readonly enqueuedTimeUtc: string;
}) => Promise<void>;

export interface UploadService {
  /**
   * `body` is untrusted JSON `{blobName}`. `host` is how the device reaches the hub over HTTPS, with its port unless that is 443.
   * HubErrors ArgumentInvalid, DeviceMaximumActiveFileUploadLimitExceeded.
   */
  grant(deviceId: string, body: unknown, host: string): Promise<UploadGrant>;
  /**
   * The device says that an upload ended; `correlationId` from the path wins over the one in the body. HubErrors
   * InvalidFileUploadCorrelationId, ExpiredFileUploadCorrelationId, InvalidFileUploadCompletionStatus.
   */
  finish(deviceId: string, correlationId: string | undefined, body: unknown): Promise<void>;
}

/** Content type of the notice, as the .NET SDK expects it. Source: service.md §8.5. */
export const notificationType = 'application/vnd.microsoft.iothub.filenotification.json';
