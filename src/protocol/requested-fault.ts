/**
 * Faults that a device asks for with the properties of a telemetry message, as the test suites of the device SDKs do: the cloud hub
 * then breaks the connection as asked. The message itself is accepted and not stored. Only the device's own connection is touched.
 * Source: end-to-end tests of azure-iot-sdk-node and azure-iot-sdk-c.
 */
import { decodeBag } from './mqtt/index.ts';

const operations = [
  'KillTcp',
  'KillAmqpConnection',
  'KillAmqpSession',
  'KillAmqpCBSLinkReq',
  'KillAmqpCBSLinkResp',
  'KillAmqpD2CLink',
  'KillAmqpC2DLink',
  'KillAmqpTwinLinkReq',
  'KillAmqpTwinLinkResp',
  'KillAmqpMethodReqLink',
  'KillAmqpMethodRespLink',
  'ShutDownAmqp',
  'ShutDownMqtt',
  'InvokeThrottling',
  'InvokeMaxMessageQuota',
  'InvokeAuthError',
] as const;
export type FaultOperation = (typeof operations)[number];

export interface RequestedFault {
  readonly operation: FaultOperation;
  /** Until it happens, milliseconds. */
  readonly delayMs: number;
  /** How long refusals last, milliseconds. */
  readonly durationMs: number;
}

const typeProperty = 'AzIoTHub_FaultOperationType';
const longestSeconds = 3_600;

/** The fault a message asks for; undefined for any other message. `bag` is its property bag. */
export function requestedFault(bag: string): RequestedFault | undefined {
  if (!bag.includes(typeProperty)) return undefined;
  const { properties } = decodeBag(bag);
  const wanted = properties[typeProperty]?.toLowerCase();
  const operation = operations.find((name) => name.toLowerCase() === wanted);
  if (operation === undefined) return undefined;
  return {
    operation,
    delayMs: secondsOf(properties['AzIoTHub_FaultOperationDelayInSecs']) * 1_000,
    durationMs: secondsOf(properties['AzIoTHub_FaultOperationDurationInSecs']) * 1_000,
  };
}

function secondsOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Math.min(Number(text), longestSeconds) : 0;
}
