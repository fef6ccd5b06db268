import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBag, encodeBag, stampBag } from '../../../src/protocol/mqtt/index.ts';

const systemNames = [
  'message-id',
  'correlation-id',
  'user-id',
  'to',
  'absolute-expiry-time',
  'content-type',
  'content-encoding',
  'iothub-outputname',
  'dt-subject',
  'iothub-interface-id',
  'iothub-creation-time-utc',
  'iothub-message-schema',
] as const;

describe('decodeBag', () => {
  it('maps every system property of device.md §2.3, with "$" raw or encoded', () => {
    const wire = ['mid', 'cid', 'uid', 'to', 'exp', 'ct', 'ce', 'on', 'sub', 'ifid', 'ctime', 'schema'];
    for (const dollar of ['$', '%24']) {
      const bag = wire.map((name) => `${dollar}.${name}=${name}-value`).join('&');
      expect(decodeBag(bag)).toEqual({
        system: Object.fromEntries(systemNames.map((name, at) => [name, `${wire[at]}-value`])),
        properties: {},
      });
    }
  });

  it('decodes both sides and leaves "+" alone', () => {
    expect(decodeBag('%24.ct=application%2Fjson&a%3Db=1+2%2B3%20%26&empty=')).toEqual({
      system: { 'content-type': 'application/json' },
      properties: { 'a=b': '1+2+3 &', empty: '' },
    });
  });

  it.each([
    ['', {}],
    ['/', {}],
    ['a=1/', { a: '1' }],
    ['a', { a: '' }],
    ['&&a=1&', { a: '1' }],
    ['a=1&a=2', { a: '1' }],
    ['a=b=c', { a: 'b=c' }],
    ['=x', { '': 'x' }],
    ['a=%&%zz=1', { a: '%', '%zz': '1' }],
    ['$.cdid=other&$.unknown=1&$=2', { '$.cdid': 'other', '$.unknown': '1', $: '2' }],
    ['mqtt-dup=true', { 'mqtt-dup': 'true' }],
  ])('reads %j', (bag, properties) => {
    expect(decodeBag(bag)).toEqual({ system: {}, properties });
  });

  it('when a device names the hub’s own stamps, then they stay application properties', () => {
    const { system, properties } = decodeBag(
      'dt-dataschema=x&%24.dt-dataschema=x&iothub-connection-device-id=other&%24.iothub-enqueuedtime=1&content-type=y',
    );
    expect(Object.keys(system)).toEqual([]);
    expect(Object.keys(properties)).toHaveLength(5);
  });

  it('when a device names members of a prototype, then nothing but its own bag changes', () => {
    const { properties } = decodeBag('__proto__=1&constructor=2&toString=3&%5F_proto__.polluted=4');
    expect(Object.keys(properties)).toEqual(['__proto__', 'constructor', 'toString', '__proto__.polluted']);
    expect(Object.getPrototypeOf(properties)).toBeNull();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void decodeBag(text)));
  });
});

describe('encodeBag', () => {
  it('writes system properties first and as "%24.": device.md §2.5', () => {
    expect(
      encodeBag({ system: { 'content-encoding': 'utf-8', 'message-id': 'a/b' }, properties: { 'k v': 'x+y&z' } }),
    ).toBe('%24.mid=a%2Fb&%24.ce=utf-8&k%20v=x%2By%26z');
    expect(encodeBag({ system: {}, properties: {} })).toBe('');
  });

  it('when a bag is written and read, then it is the same', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.startsWith('$.'));
    const system = fc.record(Object.fromEntries(systemNames.map((key) => [key, fc.string({ unit: 'binary' })])), {
      requiredKeys: [],
    });
    const properties = fc.dictionary(name, fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(system, properties, (systemPart, propertiesPart) => {
        const text = encodeBag({ system: systemPart, properties: propertiesPart });
        expect(text).toMatch(/^[A-Za-z0-9\-_.!~*'()%=&]*$/);
        const read = decodeBag(text);
        expect({ ...read.system }).toEqual({ ...systemPart });
        expect(Object.entries(read.properties)).toEqual(Object.entries(propertiesPart));
      }),
    );
  });

  it('when a value holds half a character, then it is replaced and nothing throws', () => {
    expect(decodeBag(encodeBag({ system: {}, properties: { a: '\ud800' } })).properties['a']).toBe('\ufffd');
  });
});

describe('stampBag', () => {
  it('when the device wrote the same name, then the hub’s value wins', () => {
    expect(decodeBag(stampBag('iothub-MessageType=Telemetry&a=1', 'iothub-MessageType', 'Will')).properties).toEqual({
      'iothub-MessageType': 'Will',
      a: '1',
    });
    expect(stampBag('', 'mqtt-retain', 'true')).toBe('mqtt-retain=true');
  });
});
