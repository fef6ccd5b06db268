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
  DeviceDefinedMultipleTimes: 400_011,
  DeserializationError: 400_012,
  BulkRegistryOperationFailure: 400_013,
  InvalidPolicyKey: 400_035,
  GenericUnauthorized: 401_000,
  IotHubNotFound: 401_001,
  IotHubUnauthorizedAccess: 401_002,
  IotHubUnauthorized: 401_003,
  IotHubSuspended: 403_001,
  IotHubQuotaExceeded: 403_002,
  DeviceMaximumQueueDepthExceeded: 403_004,
  DeviceDisabled: 403_012,
  DeviceMaximumInflightMethodExceeded: 403_800,
  NotFound: 404_000,
  DeviceNotFound: 404_001,
  JobNotFound: 404_002,
  ModuleNotFound: 404_010,
  FeatureNotSupported: 404_013,
  DeviceNotOnline: 404_103,
  DeviceConnectionClosedRemotely: 404_104,
  MethodNotAllowed: 405_000,
  DeviceAlreadyExists: 409_001,
  PreconditionFailed: 412_001,
  DeviceMessageLockLost: 412_002,
  MessageTooLarge: 413_001,
  TooManyDevices: 413_002,
  UnsupportedMediaType: 415_000,
  ThrottlingException: 429_001,
  ServerError: 500_001,
  BadDeviceResponse: 502_000,
  ServiceUnavailable: 503_001,
  GatewayTimeout: 504_101,
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
