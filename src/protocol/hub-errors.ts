/**
 * The hub's error catalogue: symbol → number and HTTP status. The first three digits of the number are the status.
 * Source: service.md §0.5, device.md §3.5.
 */
export const hubErrors = {
  GenericBadRequest: 400000,
  InvalidProtocolVersion: 400001,
  InvalidOperation: 400003,
  ArgumentInvalid: 400004,
  ArgumentNull: 400005,
  IotHubFormatError: 400006,
  DeviceDefinedMultipleTimes: 400011,
  DeserializationError: 400012,
  BulkRegistryOperationFailure: 400013,
  InvalidPolicyKey: 400035,
  GenericUnauthorized: 401000,
  IotHubNotFound: 401001,
  IotHubUnauthorizedAccess: 401002,
  IotHubUnauthorized: 401003,
  IotHubSuspended: 403001,
  IotHubQuotaExceeded: 403002,
  DeviceMaximumQueueDepthExceeded: 403004,
  DeviceDisabled: 403012,
  DeviceMaximumInflightMethodExceeded: 403800,
  NotFound: 404000,
  DeviceNotFound: 404001,
  JobNotFound: 404002,
  ModuleNotFound: 404010,
  FeatureNotSupported: 404013,
  DeviceNotOnline: 404103,
  DeviceConnectionClosedRemotely: 404104,
  MethodNotAllowed: 405000,
  DeviceAlreadyExists: 409001,
  PreconditionFailed: 412001,
  DeviceMessageLockLost: 412002,
  MessageTooLarge: 413001,
  TooManyDevices: 413002,
  UnsupportedMediaType: 415000,
  ThrottlingException: 429001,
  ServerError: 500001,
  BadDeviceResponse: 502000,
  ServiceUnavailable: 503001,
  GatewayTimeout: 504101,
} as const;

export type HubErrorSymbol = keyof typeof hubErrors;

/** An error of the hub's core; each front writes it in its protocol's form. A `;` in the text becomes `,` because SDKs split there. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly symbol: HubErrorSymbol;
  readonly info: Readonly<Record<string, unknown>> | undefined;

  constructor(symbol: HubErrorSymbol, message: string, info?: Readonly<Record<string, unknown>>) {
    super(message.replaceAll(';', ','));
    this.symbol = symbol;
    this.info = info;
  }

  get number(): number {
    return hubErrors[this.symbol];
  }

  /** The HTTP status of the error: the number's first three digits. */
  get status(): number {
    return Math.floor(this.number / 1000);
  }
}
