/**
 * The hub's error catalogue: symbol → number and HTTP status. The first three digits of the number are the status.
 * Source: service.md §0.5, device.md §3.5. `ArtifactNotFound`, `ArtifactDamaged` and `InsufficientStorage` are of iotctl's own extensions.
 */
export const hubErrors = {
  GenericBadRequest: 400000,
  InvalidProtocolVersion: 400001,
  InvalidOperation: 400003,
  ArgumentInvalid: 400004,
  ArgumentNull: 400005,
  IotHubFormatError: 400006,
  BlobContainerValidationError: 400008,
  DeviceDefinedMultipleTimes: 400011,
  DeserializationError: 400012,
  BulkRegistryOperationFailure: 400013,
  DefaultStorageEndpointNotConfigured: 400014,
  InvalidFileUploadCorrelationId: 400015,
  ExpiredFileUploadCorrelationId: 400016,
  InvalidFileUploadCompletionStatus: 400019,
  InvalidDeviceScope: 400028,
  ManagedIdentityNotEnabled: 400032,
  InvalidPolicyKey: 400035,
  BulkRegenerateDeviceKeyOperationFailure: 400036,
  CannotRegisterModuleToModule: 400301,
  InvalidConfigurationTargetCondition: 400401,
  InvalidConfigurationContent: 400402,
  CannotModifyImmutableConfigurationContent: 400403,
  InvalidConfigurationCustomMetricsQuery: 400404,
  InvalidDigitalTwinJsonPatch: 400505,
  InvalidDigitalTwinPayload: 400506,
  InvalidDigitalTwinPatch: 400507,
  InvalidDigitalTwinPatchPath: 400508,
  GenericUnauthorized: 401000,
  IotHubNotFound: 401001,
  IotHubUnauthorizedAccess: 401002,
  IotHubUnauthorized: 401003,
  SystemModuleModifyUnauthorizedAccess: 401100,
  GenericForbidden: 403000,
  IotHubSuspended: 403001,
  IotHubQuotaExceeded: 403002,
  JobQuotaExceeded: 403003,
  DeviceMaximumQueueDepthExceeded: 403004,
  IotHubMaxCbsTokenExceeded: 403005,
  DeviceMaximumActiveFileUploadLimitExceeded: 403006,
  DeviceMaximumQueueSizeExceeded: 403007,
  InvalidMessageExpiryTime: 403009,
  OperationNotAvailableInCurrentTier: 403010,
  DeviceDisabled: 403012,
  DeviceMaximumInflightMethodExceeded: 403800,
  NotFound: 404000,
  DeviceNotFound: 404001,
  JobNotFound: 404002,
  AmqpAddressNotFound: 404006,
  ModuleNotFound: 404010,
  FeatureNotSupported: 404013,
  DeviceNotOnline: 404103,
  DeviceConnectionClosedRemotely: 404104,
  EnrollmentNotFound: 404201,
  RegistrationNotFound: 404202,
  ConfigurationNotFound: 404301,
  ArtifactNotFound: 404900,
  ArtifactDamaged: 404901,
  MethodNotAllowed: 405000,
  OperationNotAllowedInCurrentState: 405102,
  GenericConflict: 409000,
  DeviceAlreadyExists: 409001,
  LinkCreationConflict: 409002,
  JobAlreadyExists: 409104,
  EnrollmentConflict: 409201,
  ModuleAlreadyExistsOnDevice: 409301,
  ConfigurationAlreadyExists: 409401,
  ApplyConfigurationAlreadyInProgressOnDevice: 409402,
  PreconditionFailed: 412001,
  DeviceMessageLockLost: 412002,
  MessageTooLarge: 413001,
  TooManyDevices: 413002,
  TooManyModulesOnDevice: 413003,
  ConfigurationCountLimitExceeded: 413101,
  UnsupportedMediaType: 415000,
  ThrottlingException: 429001,
  ThrottlingBacklogTimeout: 429003,
  ThrottlingMaxActiveJobCountExceeded: 429004,
  DeviceThrottlingLimitExceeded: 429005,
  ServerError: 500001,
  BadDeviceResponse: 502000,
  ServiceUnavailable: 503001,
  GatewayTimeout: 504101,
  InsufficientStorage: 507001,
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
