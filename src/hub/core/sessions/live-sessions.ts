import { identityNames, type IdentityPath } from '../../../protocol/identity-path.ts';
import type { DeviceSession } from '../services.ts';

/** The sessions there are, by identity; the modules of a device are found without looking at all of them. */
export interface LiveSessions {
  get(identity: IdentityPath): DeviceSession | undefined;
  set(identity: IdentityPath, session: DeviceSession): void;
  delete(identity: IdentityPath): void;
  /** The device and those of its modules that have a session. A copy. */
  familyOf(deviceId: string): readonly IdentityPath[];
  /** A copy. */
  all(): readonly IdentityPath[];
  readonly size: number;
}

export function createLiveSessions(): LiveSessions {
  const sessions = new Map<IdentityPath, DeviceSession>();
  const modules = new Map<string, Set<IdentityPath>>();
  return {
    get: (identity) => sessions.get(identity),
    set(identity, session) {
      sessions.set(identity, session);
      const { deviceId, moduleId } = identityNames(identity);
      if (moduleId !== '') modules.set(deviceId, (modules.get(deviceId) ?? new Set()).add(identity));
    },
    delete(identity) {
      sessions.delete(identity);
      const { deviceId, moduleId } = identityNames(identity);
      if (moduleId === '') return;
      const siblings = modules.get(deviceId);
      siblings?.delete(identity);
      if (siblings?.size === 0) modules.delete(deviceId);
    },
    familyOf: (deviceId) => [deviceId, ...(modules.get(deviceId) ?? [])],
    all: () => [...sessions.keys()],
    get size() {
      return sessions.size;
    },
  };
}
