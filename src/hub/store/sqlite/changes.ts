import type { Activity, ChangeOutcome, RegistryChange } from '../../core/ports.ts';
import { bindChange, type Change } from './recipes.ts';
import { nameValues, recordValues } from './rows.ts';
import type { ChangeResult } from './thread/messages.ts';

/** A change of the registry as the database thread takes it. */
export function toChange(change: RegistryChange): Change {
  switch (change.kind) {
    case 'insert':
      return bindChange(change.record.moduleId === '' ? 'insert' : 'insertModule', recordValues(change.record));
    case 'replace':
      return bindChange('replace', { ...recordValues(change.record), expected: change.expected });
    case 'delete':
      return bindChange('delete', { ...nameValues(change.identity), expected: change.expected });
  }
}

export function toOutcome(change: RegistryChange, result: ChangeResult): ChangeOutcome {
  if (result === 'changed') return 'applied';
  // A device's insert fails only on one that is there; a module's looks for it, because its device may be missing too.
  if (change.kind === 'insert') return change.record.moduleId === '' || result === 'found' ? 'exists' : 'missing';
  return result === 'found' ? 'stale' : 'missing';
}

export function toTouch(activity: Activity): Change {
  const values = { ...nameValues(activity.identity), time: activity.lastActivityTime };
  if (activity.connectionState === undefined) return bindChange('touch', values);
  return bindChange('touchState', { ...values, connection_state: activity.connectionState });
}
