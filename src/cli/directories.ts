import { join } from 'node:path';
import type { System } from './system.ts';

/** Where the program keeps its files. */
export interface Directories {
  readonly config: string;
  readonly state: string;
  readonly cache: string;
  readonly data: string;
}

/**
 * `IOTCTL_CONFIG_DIR`, `IOTCTL_DATA_DIR`, `IOTCTL_STATE_DIR` and `IOTCTL_CACHE_DIR` win, then the XDG base directories
 * (macOS too, so that dotfiles work alike), then the platform's habit. All four set make an isolated environment.
 */
export function resolveDirectories({
  env,
  platform,
  homeDirectory,
}: Pick<System, 'env' | 'platform' | 'homeDirectory'>): Directories {
  const windows = platform === 'win32';
  const local = env['LOCALAPPDATA'] ?? join(homeDirectory, 'AppData', 'Local');
  const roaming = env['APPDATA'] ?? join(homeDirectory, 'AppData', 'Roaming');
  const choose = (own: string, xdg: string, unixHabit: readonly string[], windowsHabit: string): string => {
    const chosen = env[own];
    if (chosen !== undefined && chosen !== '') return chosen;
    const base = env[xdg];
    if (base !== undefined && base !== '') return join(base, 'iotctl');
    return windows ? windowsHabit : join(homeDirectory, ...unixHabit, 'iotctl');
  };
  return {
    config: choose('IOTCTL_CONFIG_DIR', 'XDG_CONFIG_HOME', ['.config'], join(roaming, 'iotctl')),
    state: choose('IOTCTL_STATE_DIR', 'XDG_STATE_HOME', ['.local', 'state'], join(local, 'iotctl', 'state')),
    cache: choose('IOTCTL_CACHE_DIR', 'XDG_CACHE_HOME', ['.cache'], join(local, 'iotctl')),
    data: choose('IOTCTL_DATA_DIR', 'XDG_DATA_HOME', ['.local', 'share'], join(local, 'iotctl', 'data')),
  };
}
