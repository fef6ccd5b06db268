import * as fc from 'fast-check';
import { valid } from 'semver';
import { describe, expect, it } from 'vitest';
import {
  checkOffer,
  manifestSchema,
  parseManifestName,
  type InstallerFacts,
  type Manifest,
} from '../../../src/protocol/firmware/index.ts';
import type { JsonObject } from '../../../src/std/json.ts';
import { manifestFor, newKey, offerOf, signedTrustOf, trustOf } from '../../support/firmware.ts';

const key = newKey();
const facts: InstallerFacts = {
  trust: trustOf([key]),
  hardware: 'a',
  version: '1.4.0',
  releaseCounter: 5,
  slotBytes: 2 ** 33,
};

const number = fc.oneof(
  fc.nat(9),
  fc.maxSafeNat().map((value) => value % 4_503_599_627_370_495),
);
const version = fc
  .tuple(fc.nat(3), fc.nat(9), fc.nat(), fc.option(fc.constantFrom('rc.1', 'alpha', 'beta.2.x')))
  .map(([major, minor, patch, before]) => `${major}.${minor}.${patch}${before === null ? '' : `-${before}`}`);

const manifests: fc.Arbitrary<Manifest> = fc
  .record({
    name: fc.constantFrom('pump', '0', 'a.b_c-d'),
    version,
    hardware: fc.uniqueArray(fc.constantFrom('a', 'b', 'C+d:e'), { minLength: 1 }),
    size: number.map((value) => value + 1),
    releaseCounter: number,
    minVersion: fc.option(version, { nil: undefined }),
    createdAt: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString()),
  })
  .map(({ minVersion, ...rest }) => {
    const { minVersion: _, ...base } = manifestFor('image');
    return { ...base, ...rest, ...(minVersion !== undefined && { minVersion }) };
  });

describe('checkOffer', () => {
  it('accepts what is signed and fits, and nothing else', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const verdict = checkOffer(offerOf(manifest, key), facts);
        // A pre-release of 1.4.0 is below it too, so three numbers are enough to compare with.
        const [major = 0, minor = 0, patch = 0] = (manifest.minVersion ?? '0.0.0').split(/[.-]/).map(Number);
        const isNewEnough = major < 1 || (major === 1 && (minor < 4 || (minor === 4 && patch === 0)));
        const fits =
          manifest.hardware.includes('a') && manifest.releaseCounter >= 5 && manifest.size <= 2 ** 33 && isNewEnough;
        expect(verdict.kind).toBe(fits ? 'accepted' : 'rejected');
        if (verdict.kind === 'accepted') expect(verdict.manifest).toEqual(manifest);
      }),
    );
  });

  it('accepts nothing of which one member is another', () => {
    fc.assert(
      fc.property(
        manifests,
        fc.constantFrom(...Object.keys(manifestFor('image'))),
        fc.jsonValue(),
        (manifest, name, value) => {
          const offer = offerOf({ ...manifest, hardware: ['a'], releaseCounter: 5, size: 1 }, key);
          const inner = offer['manifest'] as JsonObject;
          fc.pre(JSON.stringify(inner[name]) !== JSON.stringify(value));
          const changed = { ...inner, [name]: value as JsonObject };
          expect(checkOffer({ ...offer, manifest: changed }, facts).kind).toBe('rejected');
        },
      ),
    );
  });

  it('takes any JSON for an offer, and refuses it', () => {
    const anything = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('manifest', 'signature', 'keyId', 'trust'), anything), (offer) => {
        const verdict = checkOffer(offer as JsonObject, facts);
        expect(verdict).toMatchObject({ kind: 'rejected', trust: facts.trust });
      }),
    );
  });

  it('takes any JSON in place of a part of a chain, and trusts no more keys', () => {
    const chain = [signedTrustOf([key, newKey()], 2, [key])] as unknown as JsonObject[];
    fc.assert(
      fc.property(fc.constantFrom('trust', 'signatures'), fc.jsonValue(), (part, value) => {
        const damaged = chain.map((signed) => ({ ...signed, [part]: value as JsonObject }));
        const offer = offerOf(manifestFor('image'), key, { trust: damaged });
        expect(checkOffer(offer, facts)).toMatchObject({ code: 'trust-invalid', trust: { version: 1 } });
      }),
    );
  });
});

describe('parseManifestName', () => {
  it('takes apart what a manifest is called, and nothing else', () => {
    fc.assert(
      fc.property(manifests, ({ name, version: wanted }) => {
        expect(parseManifestName(`${name}@${wanted}`)).toEqual({ name, version: wanted });
      }),
    );
    for (const text of [
      '',
      '@',
      'pump',
      'pump@',
      '@1.0.0',
      'pump@1.0',
      'Pump@1.0.0',
      'pump@1.0.0@2.0.0',
      'pump@v1.0.0',
    ])
      expect(parseManifestName(text), text).toBeUndefined();
  });

  it('takes versions that semver takes, and as semver writes them', () => {
    fc.assert(
      fc.property(fc.oneof(version, fc.string()), (text) => {
        const isVersion = valid(text) === text;
        expect(manifestSchema.shape.version.safeParse(text).success).toBe(isVersion);
      }),
    );
  });
});
