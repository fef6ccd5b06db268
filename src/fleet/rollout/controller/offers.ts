import { findFirmwareByDigest, readFirmware, readTrustChain } from '../../firmware/index.ts';
import { isFailure } from '../../../errors/index.ts';
import type { Deadlines, SignedManifest } from '../../../protocol/firmware/index.ts';
import { sleep } from '../../../std/clock.ts';
import type { JsonObject } from '../../../std/json.ts';
import type { Action, FormerFirmware } from '../model/decision.ts';
import type { Policy } from '../model/spec.ts';
import type { RolloutHeader } from '../records/index.ts';
import { createBackoff, passingTrouble } from './backoff.ts';
import type { ControllerPorts } from './ports.ts';

type OfferAction = Extract<Action, { kind: 'offer' | 'return' }>;

/** Makes what is written into twins. */
export interface OfferMaker {
  /** `desired.firmware` for a device. Failure `not-found` when the file is not kept any more. */
  make(action: OfferAction, signal: AbortSignal): Promise<JsonObject>;
  /** Looks whether the firmware is there, and goes on looking; resolves after the first look. */
  start(signal: AbortSignal): Promise<void>;
  /** Why nothing can be offered at present, such as a firmware file that is gone; undefined when all is well. */
  readonly trouble: string | undefined;
  /** Finds out whether this firmware can be brought back. */
  resolve(digest: string, signal: AbortSignal): Promise<FormerFirmware>;
}

interface OfferMakerOptions {
  /** Unix milliseconds by the hub's clock. */
  readonly now: () => number;
  /** `trouble` has changed. */
  readonly onTrouble: () => void;
  /** Looking has ended by an error that does not pass. */
  readonly onFailure: (error: unknown) => void;
}

interface Source {
  readonly signed: SignedManifest;
  /** Where the file is, when the hub does not keep it. */
  readonly url: string | undefined;
}

/** Answers are remembered for so long: offers are made by the thousand. */
const freshMs = 60_000;
/** How often to look whether the file is still there: the hub reads it for that. While it is not, more often. */
const lookMs = 120_000;
const troubleMs = 5_000;
const dayMs = 86_400_000;

export function createOfferMaker(
  { hub, clock, random }: Pick<ControllerPorts, 'hub' | 'clock' | 'random'>,
  { spec, firmware }: RolloutHeader,
  { now, onTrouble, onFailure }: OfferMakerOptions,
): OfferMaker {
  const deadlines = deadlinesOf(spec.policy);
  const backoff = createBackoff(random);
  let trouble: string | undefined;
  const remember = createMemory(() => clock.monotonic());
  const validMs = spec.policy.timeouts.offer * 1_000 + dayMs;

  const target = (signal: AbortSignal): Promise<Source> =>
    remember('target', freshMs, async () => {
      if (spec.firmware.url !== undefined) return { signed: firmware, url: spec.firmware.url };
      const stored = await readFirmware(hub.records, spec.firmware.name, spec.firmware.version, signal).catch(
        (error: unknown) => {
          // The plan holds the signed manifest; only where the file is has to be known.
          if (isFailure(error, 'firmware-not-found', 'data-unusable')) return undefined;
          throw error;
        },
      );
      return { signed: firmware, url: stored?.url };
    });

  const former = (digest: string, signal: AbortSignal): Promise<Source | undefined> =>
    remember(`former ${digest}`, freshMs, async () => {
      const stored = await findFirmwareByDigest(hub.records, digest, signal);
      return stored && { signed: stored.signed, url: stored.url };
    });

  const isKept = async ({ signed, url }: Source, signal: AbortSignal): Promise<boolean> =>
    url !== undefined || (await hub.artifacts.find(signed.manifest.sha256, signal)) !== undefined;

  /** One address for all offers of an hour: each is valid for as long as a device may wait before it begins. */
  const addressOf = ({ signed, url }: Source, signal: AbortSignal): Promise<string> => {
    const { sha256 } = signed.manifest;
    if (url !== undefined) return Promise.resolve(url);
    return remember(`url ${sha256}`, 3_600_000, () => hub.artifacts.signUrl(sha256, now() + validMs, signal));
  };

  const trust = (signal: AbortSignal) => remember('trust', freshMs, () => readTrustChain(hub.records, signal));

  /** Answers when to look again. */
  async function look(signal: AbortSignal): Promise<number> {
    try {
      const isThere = await isKept(await target(signal), signal);
      const { name, version, sha256 } = firmware.manifest;
      trouble = isThere
        ? undefined
        : `the file of ${name} ${version} (${sha256.slice(0, 12)}…) is not at the hub any more`;
      backoff.reset();
      return isThere ? lookMs : troubleMs;
    } catch (error) {
      signal.throwIfAborted();
      passingTrouble(error);
      return backoff.next();
    }
  }

  return {
    async make(action, signal) {
      const { mark } = action;
      const source = action.kind === 'offer' ? await target(signal) : await former(mark.previous?.digest ?? '', signal);
      if (source === undefined) throw new Error(`the firmware to return to was not resolved for ${action.deviceId}`);
      const { manifest, keyId, signature } = source.signed;
      const chain = await trust(signal);
      const offer = {
        rollout: spec.id,
        attempt: mark.attempt,
        manifest,
        keyId,
        signature,
        url: await addressOf(source, signal),
        ...(action.kind === 'offer' && action.notBefore !== undefined && { notBefore: action.notBefore }),
        deadlines,
        ...(chain.length > 0 && { trust: chain }),
      };
      return offer as unknown as JsonObject;
    },
    async start(signal) {
      let waitMs = await look(signal);
      const goOn = async (): Promise<never> => {
        for (;;) {
          await sleep(clock, waitMs, signal);
          const before = trouble;
          waitMs = await look(signal);
          if (trouble !== before) onTrouble();
        }
      };
      goOn().catch((error: unknown) => signal.aborted || onFailure(error));
    },
    get trouble() {
      return trouble;
    },
    async resolve(digest, signal) {
      const source = await former(digest, signal);
      if (source === undefined || !(await isKept(source, signal))) return { problem: 'not-kept' };
      return { releaseCounter: source.signed.manifest.releaseCounter };
    },
  };
}

function deadlinesOf({ timeouts }: Policy): Deadlines {
  const { offer, stall, install, reboot, confirm } = timeouts;
  return {
    offer: whole(offer),
    stall: whole(stall),
    install: whole(install),
    reboot: whole(reboot),
    confirm: whole(confirm),
  };
}

type Remember = <Value>(key: string, forMs: number, find: () => Promise<Value>) => Promise<Value>;

/** Remembers answers for a while, and asks once for what many want at the same time. A failure is not remembered. */
function createMemory(monotonic: () => number): Remember {
  const known = new Map<string, { readonly answer: Promise<unknown>; readonly until: number }>();
  return async <Value>(key: string, forMs: number, find: () => Promise<Value>) => {
    const present = known.get(key);
    if (present !== undefined && monotonic() < present.until) return present.answer as Promise<Value>;
    const answer = find();
    known.set(key, { answer, until: monotonic() + forMs });
    try {
      return await answer;
    } catch (error) {
      known.delete(key);
      throw error;
    }
  };
}

/** A device is told whole seconds, and at least one. */
function whole(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}
