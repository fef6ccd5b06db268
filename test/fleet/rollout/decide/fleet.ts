/** A fleet of twins that a rollout is decided on: it carries out actions as a hub would, and its devices say what they are told to. */
import { decide } from '../../../../src/fleet/rollout/decide/index.ts';
import type { Action, Decision, FormerFirmware } from '../../../../src/fleet/rollout/model/decision.ts';
import type { Mark, ObservedDevice } from '../../../../src/fleet/rollout/model/observed.ts';
import type { Plan } from '../../../../src/fleet/rollout/model/plan.ts';
import type { Intent, Measurement, State } from '../../../../src/fleet/rollout/model/record.ts';
import { specSchema, type SpecInput } from '../../../../src/fleet/rollout/model/spec.ts';
import { planRollout } from '../../../../src/fleet/rollout/plan/index.ts';
import type { Report } from '../../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../../src/std/json.ts';
import { sampleFirmware } from '../../../support/sample-plan.ts';

export const oldDigest = 'a'.repeat(64);
export const noIntent: Intent = { paused: false, approved: [], promoted: [], retries: [] };

const firmware = sampleFirmware();
export const target = firmware.manifest.sha256;
/** A Monday, noon. */
export const start = Date.parse('2026-03-02T12:00:00.000Z');

/** What a device says before anybody has asked. */
const baseReport: Report = {
  attempt: 0,
  seq: 0,
  state: 'idle',
  version: '1.0.0',
  digest: oldDigest,
  hardware: 'pump-v2',
  bootCount: 1,
};

export interface FleetOptions {
  readonly count: number;
  readonly policy?: SpecInput['policy'];
  readonly tags?: (index: number) => JsonObject;
}

export type Fleet = ReturnType<typeof createFleet>;

export function createFleet({ count, policy, tags = () => ({}) }: FleetOptions) {
  const twins = new Map<string, ObservedDevice>();
  let now = start;
  let revision = 0;
  let state: State | undefined;
  let intent = noIntent;
  let former: ReadonlyMap<string, FormerFirmware> | undefined;
  let trouble: string | undefined;
  const measurements: { wave: number; gate: string; measurement: Measurement }[] = [];
  /** Every offer that was ever written: `DEVICE ATTEMPT`. */
  const offers: { readonly deviceId: string; readonly attempt: number; readonly at: number; readonly wave: number }[] =
    [];

  function put(deviceId: string, change: Partial<ObservedDevice>): void {
    const twin = twins.get(deviceId);
    if (twin === undefined) throw new Error(`no twin ${deviceId}`);
    twins.set(deviceId, { ...twin, ...change, etag: String(++revision) });
  }

  function add(deviceId: string, change: Partial<ObservedDevice> = {}): void {
    twins.set(deviceId, {
      deviceId,
      etag: String(++revision),
      enabled: true,
      connected: true,
      tags: {},
      report: { value: baseReport, at: start - 60_000 },
      ...change,
    });
  }

  for (let index = 0; index < count; index++) {
    add(`d${String(index).padStart(4, '0')}`, { tags: tags(index) });
  }
  const spec = specSchema.parse({
    id: 'pump-2',
    firmware: { name: 'pump', version: '2.0.0' },
    target: { where: "tags.model = 'pump'" },
    ...(policy !== undefined && { policy }),
  });
  const plan: Plan = planRollout({ spec, firmware, devices: [...twins.values()], now });

  function look(): Decision {
    return decide({
      plan,
      intent,
      state,
      observed: new Map(twins),
      measurements: measurements.splice(0),
      ...(trouble !== undefined && { trouble }),
      ...(former && { former }),
      now,
      fence: 1,
    });
  }

  /** Carries one action out, on the condition of its etag. False when the twin has changed. */
  function act(action: Action): boolean {
    if (action.kind === 'measure' || action.kind === 'resolve') return true;
    const twin = twins.get(action.deviceId);
    if (twin === undefined || twin.etag !== action.etag) return false;
    const { mark } = action;
    if (action.kind === 'mark') put(action.deviceId, { mark });
    else if (action.kind === 'withdraw') {
      const { offer: _offer, ...rest } = twin;
      twins.set(action.deviceId, { ...rest, mark, etag: String(++revision) });
    } else {
      offers.push({ deviceId: action.deviceId, attempt: mark.attempt, at: now, wave: mark.wave });
      const notBefore = action.kind === 'offer' ? action.notBefore : undefined;
      const value = {
        ...firmware,
        rollout: spec.id,
        attempt: mark.attempt,
        url: 'http://127.0.0.1/x',
        deadlines: { offer: 1, stall: 1, install: 1, reboot: 1, confirm: 1 },
        ...(notBefore !== undefined && { notBefore }),
      };
      put(action.deviceId, { mark, offer: { value, at: now } });
    }
    return true;
  }

  return {
    plan,
    twins,
    offers,
    put,
    add,
    act,
    look,
    twin(deviceId: string): ObservedDevice {
      const twin = twins.get(deviceId);
      if (twin === undefined) throw new Error(`no twin ${deviceId}`);
      return twin;
    },
    ids: (): string[] => plan.devices.map(({ deviceId }) => deviceId),
    /** What a device says about the attempt that its mark names. */
    say(deviceId: string, change: Partial<Report> & Pick<Report, 'state'>): void {
      const twin = twins.get(deviceId);
      const before = twin?.report?.value ?? baseReport;
      const attempt = twin?.mark?.attempt ?? 0;
      const seq = before.attempt === attempt ? before.seq + 1 : 1;
      const { code: _code, ...kept } = before;
      put(deviceId, { report: { value: { ...kept, rollout: spec.id, attempt, seq, ...change }, at: now } });
    },
    /** Everything that a good device says, up to the confirmation. */
    confirm(deviceId: string): void {
      const bootCount = (twins.get(deviceId)?.report?.value.bootCount ?? 1) + 1;
      this.say(deviceId, { state: 'confirmed', digest: target, version: '2.0.0', bootCount });
    },
    mark(deviceId: string, mark: Partial<Mark>): void {
      put(deviceId, { mark: { rollout: spec.id, wave: 0, attempt: 1, ...mark } });
    },
    measure(wave: number, gate: string, verdict: Measurement['verdict']): void {
      measurements.push({ wave, gate, measurement: { at: now, verdict } });
    },
    pass(ms: number): void {
      now += ms;
    },
    /** Decides, keeps the state, carries everything out. */
    step(): Decision {
      const decision = look();
      ({ state } = decision);
      for (const action of decision.actions) act(action);
      return decision;
    },
    get now() {
      return now;
    },
    get state(): State {
      if (state === undefined) throw new Error('nothing is decided yet');
      return state;
    },
    /** Undefined before the first decision is kept. */
    get savedState(): State | undefined {
      return state;
    },
    set state(next: State | undefined) {
      state = next;
    },
    set intent(next: Partial<Intent>) {
      intent = { ...intent, ...next };
    },
    get intent(): Intent {
      return intent;
    },
    replaceIntent(next: Intent): void {
      intent = next;
    },
    set former(next: ReadonlyMap<string, FormerFirmware>) {
      former = next;
    },
    set trouble(next: string | undefined) {
      trouble = next;
    },
  };
}
