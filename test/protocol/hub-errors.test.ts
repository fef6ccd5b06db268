import { describe, expect, it } from 'vitest';
import { structuredErrorBody } from '../../src/protocol/error-body.ts';
import { HubError, hubErrors, type HubErrorSymbol } from '../../src/protocol/hub-errors.ts';

/** The catalogue of service.md §0.5 as far as the hub answers with it, written out a second time. */
const catalogue: Readonly<Record<HubErrorSymbol, number>> = {
  GenericBadRequest: 400_000,
  InvalidProtocolVersion: 400_001,
  InvalidOperation: 400_003,
  ArgumentInvalid: 400_004,
  ArgumentNull: 400_005,
  IotHubFormatError: 400_006,
  BlobContainerValidationError: 400_008,
  DeviceDefinedMultipleTimes: 400_011,
  DeserializationError: 400_012,
  BulkRegistryOperationFailure: 400_013,
  DefaultStorageEndpointNotConfigured: 400_014,
  InvalidFileUploadCorrelationId: 400_015,
  ExpiredFileUploadCorrelationId: 400_016,
  InvalidFileUploadCompletionStatus: 400_019,
  InvalidDeviceScope: 400_028,
  ManagedIdentityNotEnabled: 400_032,
  InvalidPolicyKey: 400_035,
  BulkRegenerateDeviceKeyOperationFailure: 400_036,
  CannotRegisterModuleToModule: 400_301,
  InvalidConfigurationTargetCondition: 400_401,
  InvalidConfigurationContent: 400_402,
  CannotModifyImmutableConfigurationContent: 400_403,
  InvalidConfigurationCustomMetricsQuery: 400_404,
  InvalidDigitalTwinJsonPatch: 400_505,
  InvalidDigitalTwinPayload: 400_506,
  InvalidDigitalTwinPatch: 400_507,
  InvalidDigitalTwinPatchPath: 400_508,
  GenericUnauthorized: 401_000,
  IotHubNotFound: 401_001,
  IotHubUnauthorizedAccess: 401_002,
  IotHubUnauthorized: 401_003,
  SystemModuleModifyUnauthorizedAccess: 401_100,
  GenericForbidden: 403_000,
  IotHubSuspended: 403_001,
  IotHubQuotaExceeded: 403_002,
  JobQuotaExceeded: 403_003,
  DeviceMaximumQueueDepthExceeded: 403_004,
  IotHubMaxCbsTokenExceeded: 403_005,
  DeviceMaximumActiveFileUploadLimitExceeded: 403_006,
  DeviceMaximumQueueSizeExceeded: 403_007,
  InvalidMessageExpiryTime: 403_009,
  OperationNotAvailableInCurrentTier: 403_010,
  DeviceDisabled: 403_012,
  DeviceMaximumInflightMethodExceeded: 403_800,
  NotFound: 404_000,
  DeviceNotFound: 404_001,
  JobNotFound: 404_002,
  AmqpAddressNotFound: 404_006,
  ModuleNotFound: 404_010,
  FeatureNotSupported: 404_013,
  DeviceNotOnline: 404_103,
  DeviceConnectionClosedRemotely: 404_104,
  EnrollmentNotFound: 404_201,
  RegistrationNotFound: 404_202,
  ConfigurationNotFound: 404_301,
  ArtifactNotFound: 404_900,
  ArtifactDamaged: 404_901,
  MethodNotAllowed: 405_000,
  OperationNotAllowedInCurrentState: 405_102,
  GenericConflict: 409_000,
  DeviceAlreadyExists: 409_001,
  LinkCreationConflict: 409_002,
  JobAlreadyExists: 409_104,
  EnrollmentConflict: 409_201,
  ModuleAlreadyExistsOnDevice: 409_301,
  ConfigurationAlreadyExists: 409_401,
  ApplyConfigurationAlreadyInProgressOnDevice: 409_402,
  PreconditionFailed: 412_001,
  DeviceMessageLockLost: 412_002,
  MessageTooLarge: 413_001,
  TooManyDevices: 413_002,
  TooManyModulesOnDevice: 413_003,
  ConfigurationCountLimitExceeded: 413_101,
  UnsupportedMediaType: 415_000,
  ThrottlingException: 429_001,
  ThrottlingBacklogTimeout: 429_003,
  ThrottlingMaxActiveJobCountExceeded: 429_004,
  DeviceThrottlingLimitExceeded: 429_005,
  ServerError: 500_001,
  BadDeviceResponse: 502_000,
  ServiceUnavailable: 503_001,
  GatewayTimeout: 504_101,
  InsufficientStorage: 507_001,
};

describe('hubErrors', () => {
  it('has the documented number for every symbol', () => {
    expect(hubErrors).toEqual(catalogue);
  });

  it('gives each number to one symbol, and an HTTP status by its first three digits', () => {
    const numbers = Object.values(hubErrors);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const symbol of Object.keys(hubErrors) as HubErrorSymbol[]) {
      expect(new HubError(symbol, 'x').status).toBe(Number(String(hubErrors[symbol]).slice(0, 3)));
    }
  });
});

describe('structuredErrorBody', () => {
  it('carries number, tracking id, info and time; a semicolon in the text is a comma, because SDKs split there', () => {
    const error = new HubError('GatewayTimeout', 'no answer; none at all', { timeout: '00:00:30' });
    expect(structuredErrorBody(error, { trackingId: 'ab12-G:1', now: Date.UTC(2026, 0, 2) })).toEqual({
      errorCode: 504_101,
      trackingId: 'ab12-G:1',
      message: 'no answer, none at all',
      info: { timeout: '00:00:30' },
      timestampUtc: '2026-01-02T00:00:00.0000000Z',
    });
  });
});
