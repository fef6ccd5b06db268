import { describe, expect, it } from 'vitest';
import { checkOffer, type InstallerFacts } from '../../../src/protocol/firmware/check-offer.ts';
import { signManifest } from '../../../src/protocol/firmware/index.ts';
import { checkTwinContent, emptySection, patchSection, twinLimits } from '../../../src/protocol/twin/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { manifestFor, newKey, offerOf, trustOf } from '../../support/firmware.ts';

const key = newKey();
const manifest = manifestFor('image');
const facts: InstallerFacts = {
  trust: trustOf([key]),
  hardware: 'pump-v2',
  version: '1.4.0',
  releaseCounter: 6,
  slotBytes: 1_000_000,
};

/** `accepted`, or the code of the refusal. */
function verdictOf(offer: JsonObject, changed: Partial<InstallerFacts> = {}): string {
  const verdict = checkOffer(offer, { ...facts, ...changed });
  return verdict.kind === 'accepted' ? 'accepted' : verdict.code;
}

describe('checkOffer', () => {
  it('accepts what a trusted key has signed', () => {
    const verdict = checkOffer(offerOf(manifest, key), facts);
    expect(verdict).toEqual({ kind: 'accepted', manifest, trust: facts.trust });
  });

  it('refuses another key, also one that takes the id of a trusted one', () => {
    const stranger = newKey();
    expect(verdictOf(offerOf(manifest, stranger))).toBe('key-unknown');
    const lying = { ...offerOf(manifest, stranger), keyId: signManifest(manifest, key).keyId };
    expect(verdictOf(lying)).toBe('signature-invalid');
  });

  it('trusts no key by an id that is not its own', () => {
    const stranger = newKey();
    const { keyId } = signManifest(manifest, key);
    const [listed] = trustOf([stranger]).keys;
    const trust = { ...trustOf([stranger]), keys: [{ keyId, publicKey: listed?.publicKey ?? '' }] };
    expect(verdictOf({ ...offerOf(manifest, stranger), keyId }, { trust })).toBe('key-unknown');
  });

  it.each([[undefined], [null]])('refuses an offer whose signature is %s', (signature) => {
    const offer = offerOf(manifest, key);
    delete offer['signature'];
    expect(verdictOf(signature === undefined ? offer : { ...offer, signature })).toBe('signature-missing');
  });

  it.each([
    ['empty', ''],
    ['a number', 5],
    ['all zero', `${'A'.repeat(86)}==`],
    ['too short', 'AAAA'],
  ])('refuses a signature that is %s', (_, signature) => {
    expect(verdictOf({ ...offerOf(manifest, key), signature })).toBe('signature-invalid');
  });

  it('refuses a signature without the id of its key', () => {
    const { keyId: _, ...offer } = offerOf(manifest, key);
    expect(verdictOf(offer)).toBe('signature-invalid');
  });

  it('refuses the manifest of another release under a good signature', () => {
    const other = manifestFor('other image', { version: '3.0.0', releaseCounter: 9 });
    expect(verdictOf({ ...offerOf(manifest, key), manifest: other as unknown as JsonObject })).toBe(
      'signature-invalid',
    );
  });

  it.each(Object.keys(manifest).filter((name) => name !== 'minVersion'))('refuses a manifest without %s', (name) => {
    const offer = offerOf(manifest, key);
    const { [name]: _, ...rest } = offer['manifest'] as JsonObject;
    expect(verdictOf({ ...offer, manifest: rest })).toBe('manifest-invalid');
  });

  it('refuses a manifest from which minVersion was taken away, or to which something was added', () => {
    const offer = offerOf(manifest, key);
    const { minVersion: _, ...rest } = offer['manifest'] as JsonObject;
    expect(verdictOf({ ...offer, manifest: rest })).toBe('signature-invalid');
    expect(verdictOf({ ...offer, manifest: { ...(offer['manifest'] as JsonObject), extra: 1 } })).toBe(
      'manifest-invalid',
    );
    const odd = JSON.parse(JSON.stringify(offer).replace('{"format"', '{"__proto__":{},"format"')) as JsonObject;
    expect(verdictOf(odd)).not.toBe('accepted');
  });

  it.each([[undefined], [null], ['text'], [[]], [7]])('refuses the manifest %j', (value) => {
    const offer = { ...offerOf(manifest, key), manifest: value } as unknown as JsonObject;
    expect(verdictOf(offer)).toBe('manifest-invalid');
  });

  it('refuses a lower release counter, and takes the same one again', () => {
    expect(verdictOf(offerOf(manifest, key), { releaseCounter: 8 })).toBe('downgrade');
    expect(verdictOf(offerOf(manifest, key), { releaseCounter: 7 })).toBe('accepted');
    const newer = manifestFor('image', { version: '9.0.0', releaseCounter: 6 });
    expect(verdictOf(offerOf(newer, key), { releaseCounter: 7 })).toBe('downgrade');
  });

  it('takes a lower version with a higher release counter, because the counter alone guards', () => {
    const older = manifestFor('image', { version: '1.0.0', releaseCounter: 9 });
    expect(verdictOf(offerOf(older, key), { version: '1.4.0' })).toBe('accepted');
  });

  it('refuses other hardware, too old a version, and what does not fit', () => {
    expect(verdictOf(offerOf(manifest, key), { hardware: 'pump-v1' })).toBe('hardware-mismatch');
    expect(verdictOf(offerOf(manifest, key), { hardware: 'PUMP-V2' })).toBe('hardware-mismatch');
    expect(verdictOf(offerOf(manifest, key), { version: '1.1.9' })).toBe('below-min-version');
    expect(verdictOf(offerOf(manifest, key), { version: '1.2.0-rc.1' })).toBe('below-min-version');
    expect(verdictOf(offerOf(manifest, key), { version: '1.2.0' })).toBe('accepted');
    expect(verdictOf(offerOf(manifest, key), { slotBytes: manifest.size - 1 })).toBe('too-large');
    expect(verdictOf(offerOf(manifest, key), { slotBytes: manifest.size })).toBe('accepted');
  });

  it('counts a version that is none as too old', () => {
    expect(verdictOf(offerOf(manifest, key), { version: 'unknown' })).toBe('below-min-version');
  });

  it('checks the signature before anything else that the manifest says', () => {
    const wrong = manifestFor('image', { hardware: ['other'], releaseCounter: 0, size: 4_000_000_000 });
    expect(verdictOf(offerOf(wrong, newKey()))).toBe('key-unknown');
  });

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 4_503_599_627_370_495])(
    'carries a size of %d exactly',
    (size) => {
      const large = manifestFor('image', { size });
      const verdict = checkOffer(throughTwin(offerOf(large, key)), { ...facts, slotBytes: size });
      expect(verdict.kind === 'accepted' && verdict.manifest.size).toBe(size);
      expect(verdictOf(offerOf(large, key), { slotBytes: size - 1 })).toBe('too-large');
    },
  );

  it('refuses a size that no twin could carry', () => {
    expect(verdictOf(offerOf(manifestFor('image', { size: 2 ** 53 }), key))).toBe('manifest-invalid');
  });

  it('keeps its message short enough for a report', () => {
    const hardware = Array.from({ length: 32 }, (_, index) => `${'x'.repeat(60)}${index}`);
    const verdict = checkOffer(offerOf(manifestFor('image', { hardware }), key), facts);
    expect(verdict.kind === 'rejected' && verdict.message.length).toBeLessThanOrEqual(512);
  });

  it('verifies after a trip through a twin', () => {
    expect(verdictOf(throughTwin(offerOf(manifest, key)))).toBe('accepted');
  });

  it('refuses every flip of one bit of a signed manifest', () => {
    const { keyId, signature } = signManifest(manifest, key);
    const text = Buffer.from(JSON.stringify({ manifest, keyId, signature }));
    const whole = text.toString();
    const accepted: string[] = [];
    let tried = 0;
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const flipped = Buffer.from(text);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const offer = parsed(flipped.toString());
      if (offer === undefined) continue;
      tried += 1;
      if (verdictOf(offer) === 'accepted') accepted.push(flipped.toString());
    }
    expect(accepted).toEqual([]);
    expect(tried).toBeGreaterThan(whole.length);
  });

  it('refuses every flip of one bit of the signature itself, and every truncation', () => {
    const offer = offerOf(manifest, key);
    const bytes = Buffer.from(signManifest(manifest, key).signature, 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verdictOf({ ...offer, signature: flipped.toString('base64') })).toBe('signature-invalid');
    }
    for (let length = 0; length < bytes.length; length += 1)
      expect(verdictOf({ ...offer, signature: bytes.subarray(0, length).toString('base64') })).toBe(
        'signature-invalid',
      );
  });

  it('refuses every truncation of any text of the offer', () => {
    const offer = offerOf(manifest, key);
    const { manifest: inner } = offer as { manifest: JsonObject };
    for (const [name, value] of Object.entries(inner)) {
      if (typeof value !== 'string') continue;
      for (let length = 0; length < value.length; length += 1)
        expect(verdictOf({ ...offer, manifest: { ...inner, [name]: value.slice(0, length) } })).not.toBe('accepted');
    }
  });
});

/** What a device reads after a hub has checked, merged and stored the offer. */
function throughTwin(offer: JsonObject): JsonObject {
  const patch = { firmware: offer };
  checkTwinContent(patch, { maxBytes: twinLimits.desiredBytes, allowNull: true });
  const { content } = patchSection(emptySection(0), patch, { now: 1, stampVersions: true });
  const turned = Object.fromEntries(Object.entries(content['firmware'] as JsonObject).toReversed());
  return JSON.parse(JSON.stringify(turned)) as JsonObject;
}

function parsed(text: string): JsonObject | undefined {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}
