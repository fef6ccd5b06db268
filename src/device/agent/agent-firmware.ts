import type { Report } from '../../protocol/firmware/index.ts';
import { mergeContent } from '../../protocol/twin/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';
import type { DesiredChange } from '../connection/twin-channel.ts';
import type { Installer } from '../firmware/index.ts';
import { openFirmware, type FirmwareOptions, type FirmwareParts } from '../firmware/files/open-firmware.ts';
import type { Reporter } from '../reporter.ts';

/** What an agent does about `properties.desired.firmware`. */
export interface AgentFirmware {
  desired(change: DesiredChange): void;
  /** Lets go of what is under way; the next start goes on with it. */
  stop(): Promise<void>;
}

export interface AgentFirmwareParts extends Pick<
  FirmwareParts,
  'clock' | 'random' | 'environment' | 'ca' | 'isConnected' | 'limits'
> {
  readonly reporter: Reporter;
  /** `wanted` is the version that is being installed, while one is. */
  readonly onReport: (report: Report, wanted: string | undefined) => void;
  readonly onTrouble: (message: string) => void;
}

/** Starts the updates of this machine. Failures: those of `openFirmware`. */
export async function startAgentFirmware(options: FirmwareOptions, parts: AgentFirmwareParts): Promise<AgentFirmware> {
  const { reporter, onReport, onTrouble, ...rest } = parts;
  let wanted: string | undefined;
  let opened: Installer | undefined;
  const installer = await openFirmware(options, {
    ...rest,
    report: (report) => {
      reporter.report({ firmware: { ...report } as JsonObject });
      wanted = opened?.state.job?.offer.manifest.version ?? (report.state === 'rejected' ? undefined : wanted);
      onReport(report, wanted);
    },
    delivered: (limitMs) => reporter.delivered(limitMs),
    onTrouble,
  });
  opened = installer;
  let section: JsonValue = null;
  return {
    desired: ({ desired, complete }) => {
      if (!complete && !Object.hasOwn(desired, 'firmware')) return;
      section = changed(complete ? null : section, desired['firmware'] ?? null);
      installer.desired(section);
    },
    stop: () => installer.stop(),
  };
}

/** The section after a patch of it. One that no twin could hold is as good as none that can be understood. */
function changed(present: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  try {
    return mergeContent(isJsonObject(present) ? present : {}, patch);
  } catch (error) {
    return messageOf(error);
  }
}
