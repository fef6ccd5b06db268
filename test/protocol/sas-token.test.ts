import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coversResource,
  createSasToken,
  parseSasToken,
  tokenCovers,
  verifySasToken,
} from '../../src/protocol/sas-token.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');
const other = Buffer.alloc(32, 1).toString('base64');

function parsed(text: string) {
  const token = parseSasToken(text);
  if (token === undefined) throw new Error('the token was not understood');
  return token;
}

describe('createSasToken', () => {
  it('signs the encoded resource and the expiry with the decoded key: device.md §1.2', () => {
    const token = createSasToken({ resource: 'hub.example.com/devices/pump 1', key, expiresAt: 1_800_000_000 });
    const resource = 'hub.example.com%2Fdevices%2Fpump%201';
    const signature = createHmac('sha256', '0123456789abcdef0123456789abcdef')
      .update(`${resource}\n1800000000`)
      .digest('base64');
    expect(token).toBe(`SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=1800000000`);
  });

  it('names the policy when the key is a policy’s', () => {
    const token = parsed(createSasToken({ resource: 'h', key, keyName: 'registry read', expiresAt: 5.9 }));
    expect(token).toMatchObject({ keyName: 'registry read', expiresAt: 5, resource: 'h' });
  });

  it('signs as HMAC-SHA256 does, whatever the length of the key', () => {
    const keys = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(keys, fc.string({ unit: 'grapheme', minLength: 1 }), fc.nat(), (bytes, resource, expiresAt) => {
        const token = parsed(createSasToken({ resource, key: Buffer.from(bytes).toString('base64'), expiresAt }));
        const expected = createHmac('sha256', bytes).update(`${token.resource}\n${expiresAt}`).digest('base64');
        expect(token.signature).toBe(expected);
      }),
    );
  });

  it('is verified by its key, as primary or as secondary, and by no other', () => {
    const token = parsed(createSasToken({ resource: 'h/devices/d', key, expiresAt: 10 }));
    expect(verifySasToken(token, [key, other])).toBe(true);
    expect(verifySasToken(token, [other, key])).toBe(true);
    expect(verifySasToken(token, [null, key])).toBe(true);
    expect(verifySasToken(token, [other, null])).toBe(false);
    expect(verifySasToken(token, [])).toBe(false);
  });
});

describe('verifySasToken', () => {
  it('when a key is empty or decodes to nothing, then nothing verifies against it', () => {
    const forged = createHmac('sha256', '').update('h\n10').digest('base64');
    const token = parsed(`SharedAccessSignature sr=h&sig=${encodeURIComponent(forged)}&se=10`);
    expect(verifySasToken(token, ['', null, '===', '!'])).toBe(false);
  });

  it('verifies for any resource, id and expiry', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.nat(),
        fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
        (resource, expiresAt, keyName) => {
          const token = parsed(createSasToken({ resource, key, keyName, expiresAt }));
          expect(verifySasToken(token, [key])).toBe(true);
          expect(token.keyName).toBe(keyName);
          expect(
            coversResource(token.resource, resource) || resource.endsWith('/') || resource.includes('api-version='),
          ).toBe(true);
        },
      ),
    );
  });

  it('when one character of a token is changed, then it does not verify, or says the same', () => {
    const text = createSasToken({
      resource: 'hub.example.com/devices/pump-1',
      key,
      keyName: 'device',
      expiresAt: 1_800_000_000,
    });
    const good = parsed(text);
    const replacement = fc.constantFrom(...Array.from('abcXYZ0189%+/=&-._~ \n\u0000é'));
    fc.assert(
      fc.property(fc.nat(text.length - 1), replacement, fc.boolean(), (at, character, insert) => {
        const mutant = parseSasToken(text.slice(0, at) + character + text.slice(insert ? at : at + 1));
        if (mutant === undefined || !verifySasToken(mutant, [key, other])) return;
        // Only the policy name is outside the signature; the gatekeeper looks the key up by it.
        expect({ ...mutant, keyName: good.keyName }).toEqual(good);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('parseSasToken', () => {
  it('takes the fields in any order and any case: device.md §1.2', () => {
    const token = createSasToken({ resource: 'h/devices/d', key, keyName: 'device', expiresAt: 99 });
    const fields = token.slice('SharedAccessSignature '.length).split('&');
    const shuffled = `SharedAccessSignature ${fields.toReversed().join('&')}`
      .replace('sr=', 'SR=')
      .replace('se=', 'Se=');
    expect(parsed(shuffled)).toEqual(parsed(token));
    expect(verifySasToken(parsed(shuffled), [key])).toBe(true);
  });

  it('keeps "+" of a signature that was not encoded', () => {
    expect(parsed('SharedAccessSignature sr=h&sig=a+b/c=&se=1').signature).toBe('a+b/c=');
  });

  it('takes an empty policy name as none, and a fractional expiry', () => {
    expect(parsed('SharedAccessSignature sr=h&sig=a&se=1.5&skn=')).toMatchObject({
      keyName: undefined,
      expiresAt: 1.5,
    });
  });

  it.each([
    '',
    'sr=h&sig=a&se=1',
    'sharedaccesssignature sr=h&sig=a&se=1',
    'SharedAccessSignature  sr=h&sig=a&se=1',
    'SharedAccessSignature sr=h&sig=a',
    'SharedAccessSignature sr=h&se=1',
    'SharedAccessSignature sig=a&se=1',
    'SharedAccessSignature sr=&sig=a&se=1',
    'SharedAccessSignature sr=h&sig=%&se=1',
    'SharedAccessSignature sr=h&sig=a&se=never',
    'SharedAccessSignature sr=h&sig=a&se=-1',
    'SharedAccessSignature sr=h&sig=a&se=1e9',
    'SharedAccessSignature sr=h&sig=a&se=',
    'SharedAccessSignature sr=h&sr=i&sig=a&se=1',
    'SharedAccessSignature sr=h&sig=a&se=1&skn',
  ])('when the text is %j, then it is no token', (text) => {
    expect(parseSasToken(text)).toBeUndefined();
  });
});

describe('coversResource', () => {
  it.each([
    ['hub.x', 'hub.x', true],
    ['HUB.X', 'hub.x/devices/d', true],
    ['hub.x:8443', 'hub.x/devices/d', true],
    ['hub.x', 'hub.x:8443/devices/d', true],
    ['hub.x%2Fdevices%2Fd', 'hub.x/devices/d', true],
    ['hub.x%2fdevices%2fd', 'hub.x/devices/d/messages/events', true],
    ['hub.x/devices/d', 'hub.x/devices/d/modules/m', true],
    ['hub.x/Devices', 'hub.x/devices/d', true],
    ['hub.x/devices/', 'hub.x/devices/d', true],
    ['hub.x/devices/d/api-version=2016-11-14', 'hub.x/devices/d', true],
    ['hub.x/devices/d', 'hub.x/devices/dd', false],
    ['hub.x/devices/D', 'hub.x/devices/d', false],
    ['hub.x/devices/d/modules/m', 'hub.x/devices/d', false],
    ['hub.x/devices/d', 'hub.x/devices', false],
    ['hub.x/devices/e', 'hub.x/devices/d', false],
    ['hub', 'hub.x', false],
    ['other.x', 'hub.x', false],
    ['', 'hub.x', false],
    ['/', 'hub.x', false],
    ['api-version=1', 'hub.x', false],
    ['hub.x%', 'hub.x', false],
  ])('%s covers %s: %s', (held, requested, expected) => {
    expect(coversResource(held, requested)).toBe(expected);
  });

  it('when an id was encoded twice, then only a token without a policy covers it', () => {
    const twice = 'hub.x%2Fdevices%2Fa%2540b';
    expect(coversResource(twice, 'hub.x/devices/a@b')).toBe(false);
    expect(tokenCovers(parsed(`SharedAccessSignature sr=${twice}&sig=a&se=1`), 'hub.x/devices/a@b')).toBe(true);
    expect(tokenCovers(parsed(`SharedAccessSignature sr=${twice}&sig=a&se=1&skn=device`), 'hub.x/devices/a@b')).toBe(
      false,
    );
  });

  it('when the second decoding brings a slash, then no further segment comes of it', () => {
    const token = parsed('SharedAccessSignature sr=hub.x%252Fdevices%252Fd&sig=a&se=1');
    expect(tokenCovers(token, 'hub.x/devices/d')).toBe(false);
  });
});
