import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMqttUsername, parseMqttUsername } from '../../../src/protocol/mqtt/index.ts';

describe('parseMqttUsername', () => {
  it.each([
    [
      'Node',
      'h.x/d1/?api-version=2021-04-12&model-id=dtmi:com:pump;1&DeviceClientType=azure-iot-device%2F1.18',
      { apiVersion: '2021-04-12', modelId: 'dtmi:com:pump;1', clientType: 'azure-iot-device/1.18' },
    ],
    [
      'Python',
      'h.x/d1/?api-version=2019-10-01&DeviceClientType=p%20y',
      { apiVersion: '2019-10-01', clientType: 'p y' },
    ],
    [
      'C',
      'h.x/d1/?DeviceClientType=c&model-id=dtmi%3Aa%3B1&auth-chain=x&api-version=2020-09-30',
      { apiVersion: '2020-09-30', modelId: 'dtmi:a;1', clientType: 'c' },
    ],
    [
      'legacy, without "?"',
      'h.x/d1/api-version=2016-11-14&DeviceClientType=old',
      { apiVersion: '2016-11-14', clientType: 'old' },
    ],
    ['bare', 'h.x/d1', {}],
    ['bare with slash', 'h.x/d1/', {}],
  ])('reads the shape of %s: device.md §1.4', (_name, text, rest) => {
    expect(parseMqttUsername(text)).toEqual({ hostName: 'h.x', deviceId: 'd1', ...rest });
  });

  it('reads a module, also with the second slash of old clients', () => {
    expect(parseMqttUsername('h/d/m/?api-version=1')).toEqual({
      hostName: 'h',
      deviceId: 'd',
      moduleId: 'm',
      apiVersion: '1',
    });
    expect(parseMqttUsername('h/d/m/api-version=1')).toEqual({
      hostName: 'h',
      deviceId: 'd',
      moduleId: 'm',
      apiVersion: '1',
    });
    expect(parseMqttUsername('h/d//api-version=1')).toEqual({ hostName: 'h', deviceId: 'd', apiVersion: '1' });
  });

  it('when an id has a question mark, then it stays part of the id', () => {
    expect(parseMqttUsername('h/what?/?api-version=1')).toEqual({ hostName: 'h', deviceId: 'what?', apiVersion: '1' });
    expect(parseMqttUsername('h/?d')).toEqual({ hostName: 'h', deviceId: '?d' });
  });

  it('when a parameter comes twice, then the first counts; broken encoding and unknown names do no harm', () => {
    expect(parseMqttUsername('h/d/?api-version=1&api-version=2&DeviceClientType=%zz&x&__proto__=y')).toEqual({
      hostName: 'h',
      deviceId: 'd',
      apiVersion: '1',
      clientType: '%zz',
    });
  });

  it.each(['', 'h', '/d', 'h/', 'h//', 'h/d/m/n', 'h/d/m/n/?api-version=1', 'h//?api-version=1', 'h/d//m'])(
    'when the text is %j, then it names nobody',
    (text) => {
      expect(parseMqttUsername(text)).toBeUndefined();
    },
  );

  it('when a user name is written and read, then it is the same', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9\-.%_*!(),:@$'+#]{1,40}$/);
    fc.assert(
      fc.property(
        fc.record({
          hostName: fc.domain(),
          deviceId: id,
          apiVersion: fc.constant('2021-04-12'),
          clientType: fc.string(),
        }),
        (user) => {
          expect(parseMqttUsername(formatMqttUsername(user))).toEqual(user);
        },
      ),
    );
  });
});
