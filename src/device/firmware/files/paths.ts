import { join } from 'node:path';
import type { SlotName } from '../ports.ts';

/** Where things lie in a firmware directory. Source: docs/concepts/updates.md. */
export interface FirmwarePaths {
  readonly root: string;
  readonly lock: string;
  readonly state: string;
  readonly trust: string;
  readonly device: string;
  /** The symbolic link to the slot that runs. */
  readonly current: string;
  readonly download: string;
  readonly hooks: string;
  readonly slots: string;
  slot(name: SlotName): string;
  image(name: SlotName): string;
  manifest(name: SlotName): string;
}

export function firmwarePaths(root: string): FirmwarePaths {
  const slots = join(root, 'slots');
  return {
    root,
    lock: join(root, 'lock'),
    state: join(root, 'state.json'),
    trust: join(root, 'trust.json'),
    device: join(root, 'device.json'),
    current: join(root, 'current'),
    download: join(root, 'download'),
    hooks: join(root, 'hooks'),
    slots,
    slot: (name) => join(slots, name),
    image: (name) => join(slots, name, 'image'),
    manifest: (name) => join(slots, name, 'manifest.json'),
  };
}
