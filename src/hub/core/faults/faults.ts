import type { Clock } from '../../../std/clock.ts';
import { matchGlob } from '../../../std/glob.ts';
import { faultKinds, faultLimits, type FaultKind, type FaultRule } from '../../../protocol/faults.ts';
import { HubError } from '../../../protocol/hub-errors.ts';
import { identityNames } from '../../../protocol/identity-path.ts';
import { isoMillis } from '../../../protocol/time.ts';
import { fieldsOf, stringField, wordField, type Fields } from '../untrusted.ts';
import type { Fault, FaultPoint, FaultService } from './service.ts';

export interface FaultParts {
  readonly clock: Clock;
  /** In [0, 1): decides when a rule with a probability strikes. */
  readonly random: () => number;
}

const pointsOf: Readonly<Record<FaultKind, readonly FaultPoint[]>> = {
  drop: ['receive', 'send'],
  delay: ['connect', 'receive', 'send', 'method'],
  disconnect: ['receive', 'send'],
  refuse: ['connect'],
  'method-timeout': ['method'],
};

interface LiveRule {
  readonly rule: Omit<FaultRule, 'strikes'>;
  readonly expiresAt: number;
  strikes: number;
}

/** Rules in the order they were added; the first that strikes decides. */
export function createFaults({ clock, random }: FaultParts): FaultService {
  const rules = new Map<string, LiveRule>();
  let added = 0;

  function forgetExpired(): void {
    for (const [id, { expiresAt }] of rules) if (expiresAt <= clock.now()) rules.delete(id);
  }

  function strike(live: LiveRule): Fault {
    live.strikes++;
    return { kind: live.rule.kind, delayMs: live.rule.delayMs ?? 0 };
  }

  return {
    get any() {
      return rules.size > 0;
    },
    at(point, identity) {
      if (rules.size === 0) return undefined;
      forgetExpired();
      const { deviceId } = identityNames(identity);
      for (const live of rules.values()) {
        const { kind, device, probability } = live.rule;
        if (!pointsOf[kind].includes(point) || !matchGlob(device, deviceId)) continue;
        if (probability >= 1 || random() < probability) return strike(live);
      }
      return undefined;
    },
    add(body) {
      forgetExpired();
      if (rules.size >= faultLimits.rules)
        throw new HubError('GenericForbidden', `There are ${faultLimits.rules} faults already, clear some first.`);
      const draft = parseFault(fieldsOf(body, 'The fault'));
      const now = clock.now();
      const expiresAt = draft.forMs === undefined ? Number.POSITIVE_INFINITY : now + draft.forMs;
      const rule = {
        id: `fault-${++added}`,
        kind: draft.kind,
        device: draft.device,
        probability: draft.probability,
        delayMs: draft.kind === 'delay' ? draft.delayMs : null,
        addedAt: isoMillis(now),
        expiresAt: draft.forMs === undefined ? null : isoMillis(expiresAt),
      };
      const live = { rule, expiresAt, strikes: 0 };
      rules.set(rule.id, live);
      return viewRule(live);
    },
    list() {
      forgetExpired();
      return [...rules.values()].map(viewRule);
    },
    clear(id) {
      forgetExpired();
      if (id !== undefined && !rules.has(id)) throw new HubError('NotFound', `There is no fault '${id}'.`);
      const gone = id === undefined ? [...rules.keys()] : [id];
      for (const each of gone) rules.delete(each);
      return gone.length;
    },
  };
}

function viewRule({ rule, strikes }: LiveRule): FaultRule {
  return { ...rule, strikes };
}

const defaultDelayMs = 1_000;

function parseFault(fields: Fields): {
  kind: FaultKind;
  device: string;
  probability: number;
  delayMs: number;
  forMs: number | undefined;
} {
  const kind = wordField(fields, 'kind', faultKinds);
  if (kind === undefined) throw new HubError('ArgumentNull', 'The fault needs a kind.');
  const device = stringField(fields, 'device') ?? '*';
  if (device === '' || device.length > 128)
    throw new HubError('ArgumentInvalid', 'device must be an id or glob of 1 to 128 characters.');
  const probability = numberField(fields, 'probability', 1) ?? 1;
  if (probability === 0) throw new HubError('ArgumentInvalid', 'probability must be above 0.');
  const delayMs = numberField(fields, 'delayMs', faultLimits.delayMs) ?? defaultDelayMs;
  return { kind, device, probability, delayMs, forMs: numberField(fields, 'forMs', faultLimits.forMs) };
}

function numberField(fields: Fields, name: string, most: number): number | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0 && value <= most))
    throw new HubError('ArgumentInvalid', `${name} must be a number from 0 to ${most}.`);
  return value;
}
