import type { Clock } from '../std/clock.ts';
import type { MessageSource } from '../protocol/telemetry/message.ts';
import type { Imitation } from './core/throttling/throttle.ts';
import type { LimitChoices } from './limits/index.ts';
import type { HubLog } from './log.ts';
import type { PortChoice, PortFallback, PortName } from './ports.ts';
import type { ProvisioningOptions } from './provisioning/settings.ts';
import type { HubInfo } from './state.ts';

export interface HubOptions {
  /** Where everything is kept; made with mode 0700. Not used by an ephemeral hub. */
  readonly dataDir: string;
  /** Keeps everything in a temporary directory that is removed at the close. */
  readonly ephemeral?: boolean | undefined;
  /** `auto` where absent. */
  readonly ports?: Readonly<Partial<Record<PortName, PortChoice>>> | undefined;
  /** Names the hub answers to beside localhost; the first one is the name in connection strings. */
  readonly hostNames?: readonly string[] | undefined;
  /** Where the TLS ports listen; loopback when absent. Plain ports listen on loopback alone. */
  readonly addresses?: readonly string[] | undefined;
  /** Where the operations port listens, which tells anybody how the hub is; loopback when absent. */
  readonly operationsAddresses?: readonly string[] | undefined;
  readonly retention?: { readonly maxAgeMs?: number | undefined; readonly maxBytes?: number | undefined } | undefined;
  /** How long the audit is kept; 400 days and 64 MB when absent. */
  readonly auditRetention?:
    | { readonly maxAgeMs?: number | undefined; readonly maxBytes?: number | undefined }
    | undefined;
  /** Events that are read where telemetry is, as routes do in the cloud; telemetry alone when absent. */
  readonly routes?: readonly MessageSource[] | undefined;
  /** Consumer groups of the Event Hubs-compatible endpoint, beside `$Default`. */
  readonly consumerGroups?: readonly string[] | undefined;
  /** What the hub takes and holds, where it is not to be the default; see `limits/table.ts`. */
  readonly limits?: LimitChoices | undefined;
  /** Which limits of the cloud to imitate; a hub that does hides what the cloud does not have. */
  readonly imitation?: Imitation | undefined;
  /** Whose own keys are refused, so that they come with certificates: `disableDeviceSAS` and `disableModuleSAS` of the cloud. */
  readonly refuseKeysOf?: readonly ('device' | 'module')[] | undefined;
  /** Other hubs and latencies for the provisioning service. */
  readonly provisioning?: ProvisioningOptions | undefined;
  readonly clock: Clock;
  /** A pino logger or the like; silent when absent. */
  readonly log?: HubLog | undefined;
  /** Process id, told to whoever finds the data directory in use. */
  readonly pid: number;
  /** Version of the program. */
  readonly version: string;
}

/** Records of the hub as the program that runs it sees them. */
export interface HubRecords {
  /** Whether there is any record below the prefix. */
  has(prefix: string): Promise<boolean>;
  /** Tells names below the prefix that were written or removed; the returned function ends it. */
  onChange(prefix: string, listener: (name: string) => void): () => void;
}

export interface RunningHub {
  readonly info: HubInfo;
  /** Default ports that could not be had, to be announced. */
  readonly fallbacks: readonly PortFallback[];
  readonly records: HubRecords;
  /** Stops: no new work, what is acknowledged is on disk, devices and callers are disconnected. Idempotent. */
  close(): Promise<void>;
}
