import type { Clock } from '../../std/clock.ts';
import type { HubCore } from '../core/services.ts';
import type { HubLog } from '../log.ts';
import type { AppendGate } from '../append-gate.ts';
import type { MqttLimits } from './limits.ts';

/** What the front asks of the core. */
export type MqttCore = Pick<
  HubCore,
  'gatekeeper' | 'sessions' | 'twins' | 'commands' | 'messages' | 'telemetry' | 'provisioning'
>;

/** What every connection of the front shares. */
export interface FrontContext {
  readonly core: MqttCore;
  readonly clock: Clock;
  readonly log: HubLog;
  readonly limits: MqttLimits;
  readonly gate: AppendGate;
}

/** Why a connection ended; for the log. */
export type EndReason =
  | 'displaced'
  | 'disabled'
  | 'deleted'
  | 'key-changed'
  | 'token-expired'
  | 'shutdown'
  | 'fault'
  | 'disconnect'
  | 'peer-closed'
  | 'stream-error'
  | 'silent'
  | 'not-reading'
  | 'refused'
  | 'protocol'
  | 'forbidden'
  | 'too-large'
  | 'not-stored'
  | 'failed';
