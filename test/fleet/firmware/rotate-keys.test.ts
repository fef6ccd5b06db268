import { describe, expect, it } from 'vitest';
import { nextTrust, preparePublication, readTrustChain } from '../../../src/fleet/firmware/index.ts';
import {
  checkOffer,
  keyIdOf,
  rawPublicKey,
  readTrust,
  type SignedTrust,
} from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { manifestFor, newKey, offerOf, signedTrustOf, trustOf } from '../../support/firmware.ts';
import { memoryRecords } from '../../support/memory-records.ts';

const [first, second, third] = [newKey(), newKey(), newKey()];
const now = Date.parse('2026-03-01T12:00:00.000Z');
const idOf = (key: typeof first): string => keyIdOf(rawPublicKey(key));

describe('nextTrust', () => {
  it('adds a key, then retires the other, and devices follow', () => {
    const one = trustOf([first]);
    const two = nextTrust({ present: one, signer: first, added: second, retired: [], now });
    const three = nextTrust({ present: two.trust, signer: second, retired: [idOf(first)], now });
    expect(two.trust.keys.map(({ keyId }) => keyId)).toEqual([idOf(first), idOf(second)]);
    expect(three.trust).toMatchObject({ version: 3, keys: [{ keyId: idOf(second) }] });
    const offer = offerOf(manifestFor('image'), second, { trust: [two, three] as unknown as JsonObject[] });
    const facts = { trust: one, hardware: 'pump-v2', version: '1.4.0', releaseCounter: 0, slotBytes: 10 };
    expect(checkOffer(offer, facts)).toMatchObject({ kind: 'accepted', trust: { version: 3 } });
  });

  it('changes both in one step', () => {
    const next = nextTrust({ present: trustOf([first]), signer: first, added: second, retired: [idOf(first)], now });
    expect(readTrust([signedTrustOf([first], 1), next]).trust.keys).toEqual(trustOf([second]).keys);
  });

  it.each([
    ['a signer that nobody trusts', { signer: third, retired: [] }, /none of the trusted ones/],
    ['nothing', { signer: first, retired: [] }, /nothing would change/],
    ['a key that is there already', { signer: first, added: first, retired: [] }, /nothing would change/],
    ['retiring the last', { signer: first, retired: [idOf(first)] }, /a key that stays has to sign/],
    ['retiring a stranger', { signer: first, retired: [idOf(third)] }, /cannot be retired/],
  ])('refuses %s', (_, change, message) => {
    expect(() => nextTrust({ present: trustOf([first]), now, ...change })).toThrow(message);
  });

  it('refuses more keys than a set holds', () => {
    const keys = Array.from({ length: 16 }, newKey);
    const [signer = first] = keys;
    expect(() => nextTrust({ present: trustOf(keys), signer, added: third, retired: [], now })).toThrow(/more than 16/);
  });
});

describe('preparePublication', () => {
  const one = signedTrustOf([first], 1);
  const two = signedTrustOf([first, second], 2, [first, second]);

  it('begins with the first set, and goes on', async () => {
    const records = memoryRecords();
    expect(await publish(records, one)).toBe('published');
    expect(await publish(records, two)).toBe('published');
    expect(await readTrustChain(records)).toEqual([one, two]);
    expect(await publish(records, two)).toBe('unchanged');
  });

  it('keeps the set before when the hub knows none', async () => {
    const records = memoryRecords();
    expect(await publish(records, two, one)).toBe('published');
    expect(await readTrustChain(records)).toEqual([one, two]);
  });

  it('takes nothing that does not follow', async () => {
    const records = memoryRecords();
    await expect(publish(records, two)).rejects.toMatchObject({ code: 'conflict' });
    await publish(records, one);
    const strange = signedTrustOf([third], 2);
    await expect(publish(records, strange)).rejects.toMatchObject({ code: 'conflict' });
    await expect(publish(records, signedTrustOf([third], 1))).rejects.toMatchObject({ code: 'conflict' });
    expect(await readTrustChain(records)).toEqual([one]);
  });

  it('writes over no change of somebody else', async () => {
    const records = memoryRecords();
    await publish(records, one);
    const mine = await preparePublication(records, { next: two });
    await publish(records, signedTrustOf([first, third], 2, [first, third]));
    await expect(mine.publish()).rejects.toMatchObject({ code: 'changed-meanwhile' });
  });

  it('keeps as many sets as a twin has room for, the newest', async () => {
    const records = memoryRecords();
    await publish(records, one);
    for (let version = 2; version <= 20; version += 1) {
      const signer = [first, second];
      await publish(records, signedTrustOf(signer, version, version === 2 ? [first] : signer));
    }
    const chain = await readTrustChain(records);
    expect(chain).toHaveLength(16);
    expect(chain.at(-1)?.trust.version).toBe(20);
    expect(readTrust(chain as unknown as JsonObject[]).trust.version).toBe(20);
    expect(Buffer.byteLength(JSON.stringify(chain))).toBeLessThanOrEqual(16_384);
  });

  it('refuses a damaged record', async () => {
    const records = memoryRecords({ 'firmware/trust': { format: 9 } });
    await expect(readTrustChain(records)).rejects.toMatchObject({ code: 'data-unusable' });
  });
});

async function publish(
  records: ReturnType<typeof memoryRecords>,
  next: SignedTrust,
  before?: SignedTrust,
): Promise<string> {
  const given = before && { trust: before.trust, chain: [before] };
  const publication = await preparePublication(records, { next, before: given });
  await publication.publish();
  return publication.result;
}
