import type { Activity, ChangeOutcome, RegistryChange } from '../../core/ports.ts';
import { bindChange, type Change } from './recipes.ts';
import { recordValues } from './rows.ts';
import type { ChangeResult } from './thread/messages.ts';

/** A change of the registry as the database thread takes it. */
export function toChange(change: RegistryChange): Change {
  switch (change.kind) {
    case 'insert':
      return bindChange('insert', recordValues(change.record));
    case 'replace':
      return bindChange('replace', { ...recordValues(change.record), expected: change.expected });
    case 'delete':
      return bindChange('delete', { device_id: change.deviceId, expected: change.expected });
  }
}

export function toOutcome(change: RegistryChange, result: ChangeResult): ChangeOutcome {
  if (result === 'changed') return 'applied';
  if (change.kind === 'insert') return 'exists';
  return result === 'found' ? 'stale' : 'missing';
}

export function toTouch(activity: Activity): Change {
  const values = { device_id: activity.deviceId, time: activity.lastActivityTime };
  if (activity.connectionState === undefined) return bindChange('touch', values);
  return bindChange('touchState', { ...values, connection_state: activity.connectionState });
}
