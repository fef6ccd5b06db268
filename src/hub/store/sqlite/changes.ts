import type { Activity, ChangeOutcome, RegistryChange } from '../../core/ports.ts';
import { identityRow, twinRow } from './rows.ts';
import type { Statements } from './statements.ts';
import type { Template } from './template.ts';
import type { Bound, Change, ChangeResult, SqlValue } from './thread/messages.ts';

/** Numbers the statements that changes use, so that a batch carries each text once. */
export class StatementIndex {
  readonly #numbers = new Map<string, number>();

  bind(template: Template, values: Readonly<Record<string, SqlValue>>): Bound {
    let number = this.#numbers.get(template.sql);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(template.sql, number);
    }
    return [number, template.bind(values)];
  }

  get statements(): readonly string[] {
    return [...this.#numbers.keys()];
  }
}

/** A change of the registry as statements: compare, write, and find out why nothing was written. */
export function toChange(change: RegistryChange, statements: Statements, index: StatementIndex): Change {
  switch (change.kind) {
    case 'insert':
      return {
        first: index.bind(statements.insertIdentity, { ...identityRow(change.record) }),
        after: [index.bind(statements.insertTwin, { ...twinRow(change.record) })],
      };
    case 'replace': {
      const { deviceId } = change.record;
      return {
        first: index.bind(statements.replaceIdentity, { ...identityRow(change.record), expected: change.expected }),
        after: [index.bind(statements.replaceTwin, { ...twinRow(change.record), device_id: deviceId })],
        otherwise: index.bind(statements.findIdentity, { device_id: deviceId }),
      };
    }
    case 'delete': {
      const name = { device_id: change.deviceId };
      return {
        first: index.bind(statements.deleteIdentity, { ...name, expected: change.expected }),
        otherwise: index.bind(statements.findIdentity, name),
      };
    }
  }
}

export function toOutcome(change: RegistryChange, result: ChangeResult): ChangeOutcome {
  if (result === 'changed') return 'applied';
  if (change.kind === 'insert') return 'exists';
  return result === 'found' ? 'stale' : 'missing';
}

export function toTouch(activity: Activity, statements: Statements, index: StatementIndex): Change {
  const values = { device_id: activity.deviceId, time: activity.lastActivityTime };
  if (activity.connectionState === undefined) return { first: index.bind(statements.touch, values) };
  return { first: index.bind(statements.touchState, { ...values, connection_state: activity.connectionState }) };
}
