import { Failure } from '../../../errors/index.ts';
import type { Report } from '../../../protocol/firmware/index.ts';
import type { Clock } from '../../../std/clock.ts';
import { lockFile } from '../../../std/file-lock.ts';
import type { InstallerLimits } from '../limits.ts';
import { startInstaller, type Installer } from '../machine.ts';
import { fileBoot, readSelected } from './file-boot.ts';
import { fileSlots } from './file-slots.ts';
import { fileStore } from './file-store.ts';
import { httpFetch } from './http-fetch.ts';
import { firmwarePaths } from './paths.ts';
import { ownDirectory, setUpDirectory, type FirstFirmware } from './set-up.ts';

export interface FirmwareOptions {
  /** Where the device keeps its firmware. */
  readonly directory: string;
  readonly first: FirstFirmware;
  /** A program that activates, instead of hooks/activate. */
  readonly activate?: string | undefined;
  readonly bytesPerSecond?: number | undefined;
}

export interface FirmwareParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Of the hooks; must hold no secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** PEM of the CA that signs the hub's certificate. */
  readonly ca?: string | undefined;
  readonly isConnected: () => boolean;
  readonly report: (report: Report) => void;
  readonly delivered: (limitMs: number) => Promise<void>;
  readonly onTrouble: (message: string) => void;
  readonly limits?: Partial<InstallerLimits>;
}

/**
 * Starts the updates of this machine on a directory of files. Failures: those of `setUpDirectory`, and `conflict` when another agent uses
 * the directory.
 */
export async function openFirmware(options: FirmwareOptions, parts: FirmwareParts): Promise<Installer> {
  const { directory, first, activate, bytesPerSecond } = options;
  const { clock, random, environment, ca, isConnected, report, delivered, onTrouble, limits } = parts;
  const paths = firmwarePaths(directory);
  await ownDirectory(paths.root, first.uid);
  const lock = await lockFile(paths.lock);
  if (lock === undefined)
    throw new Failure('conflict', `another agent updates the firmware in ${directory}`, {
      hint: 'end it, or choose another --firmware-dir',
    });
  try {
    const hardware = await setUpDirectory(paths, first);
    const boot = fileBoot({ paths, activate, hardware, environment, clock, isConnected });
    const ports = {
      store: fileStore(paths),
      slots: fileSlots({ paths, selected: () => readSelected(paths) }),
      fetch: httpFetch({ clock, ca, bytesPerSecond }),
      boot,
      selfTest: boot.selfTest,
      defer: boot.defer,
      clock,
      random,
      report,
      delivered,
      onTrouble,
    };
    const installer = await startInstaller({ ports, hardware, ...(limits !== undefined && { limits }) });
    return {
      desired: (section) => installer.desired(section),
      get state() {
        return installer.state;
      },
      settled: () => installer.settled(),
      stop: async () => {
        await installer.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
