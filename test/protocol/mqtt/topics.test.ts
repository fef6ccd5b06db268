import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classifyFilter,
  desiredTopic,
  matchesFilter,
  messagesFilter,
  methodRequestTopic,
  methodResponseTopic,
  parseDesiredTopic,
  parseMethodRequestTopic,
  parsePublishTopic,
  parseTwinResponse,
  telemetryBag,
  telemetryTopic,
  twinGetTopic,
  twinPatchTopic,
  twinResponseTopic,
} from '../../../src/protocol/mqtt/index.ts';

describe('topics written', () => {
  it('are those of device.md §2.1 and §12', () => {
    expect(telemetryTopic('d1', '%24.ct=a')).toBe('devices/d1/messages/events/%24.ct=a');
    expect(telemetryTopic('d1/m1')).toBe('devices/d1/modules/m1/messages/events/');
    expect(messagesFilter('d1')).toBe('devices/d1/messages/devicebound/#');
    expect(twinGetTopic('a1')).toBe('$iothub/twin/GET/?$rid=a1');
    expect(twinPatchTopic('a2')).toBe('$iothub/twin/PATCH/properties/reported/?$rid=a2');
    expect(twinPatchTopic('a2', 7)).toBe('$iothub/twin/PATCH/properties/reported/?$rid=a2&$version=7');
    expect(twinResponseTopic(200, 'a1')).toBe('$iothub/twin/res/200/?$rid=a1');
    expect(twinResponseTopic(204, 'ho', 88)).toBe('$iothub/twin/res/204/?$rid=ho&$version=88');
    expect(desiredTopic(2)).toBe('$iothub/twin/PATCH/properties/desired/?$version=2');
    expect(methodRequestTopic('reboot', '1')).toBe('$iothub/methods/POST/reboot/?$rid=1');
    expect(methodResponseTopic(200, '1')).toBe('$iothub/methods/res/200/?$rid=1');
  });
});

describe('parsePublishTopic', () => {
  it.each([
    ['devices/d1/messages/events/', ''],
    ['devices/d1/messages/events', ''],
    ['devices/d1/messages/events//', ''],
    ['devices/d1/messages/events/a=1&b=2', 'a=1&b=2'],
    ['devices/d1/messages/events/a=1/', 'a=1'],
    ['devices/d1/messages/events/$.ct=application/json', '$.ct=application/json'],
  ])('takes %s as telemetry', (topic, bag) => {
    expect(parsePublishTopic(topic, 'd1')).toEqual({ kind: 'telemetry', bag });
    expect(telemetryBag(topic, 'd1')).toBe(bag);
  });

  it('takes a module’s telemetry only from the module', () => {
    expect(parsePublishTopic('devices/d1/modules/m1/messages/events/x=1', 'd1/m1')).toEqual({
      kind: 'telemetry',
      bag: 'x=1',
    });
    expect(parsePublishTopic('devices/d1/modules/m1/messages/events/', 'd1').kind).toBe('forbidden');
    expect(parsePublishTopic('devices/d1/messages/events/', 'd1/m1').kind).toBe('forbidden');
  });

  it.each([
    ['$iothub/twin/GET/?$rid=a1', { kind: 'twin-get', rid: 'a1' }],
    ['$iothub/twin/GET/?$rid=%20x', { kind: 'twin-get', rid: '%20x' }],
    ['$iothub/twin/PATCH/properties/reported/?$rid=a2', { kind: 'twin-patch', rid: 'a2' }],
    ['$iothub/twin/PATCH/properties/reported/?$rid=a2&$version=7', { kind: 'twin-patch', rid: 'a2', version: 7 }],
    ['$iothub/twin/PATCH/properties/reported/?$version=7&$rid=a2', { kind: 'twin-patch', rid: 'a2', version: 7 }],
    ['$iothub/twin/PATCH/properties/reported/', { kind: 'twin-patch' }],
    ['$iothub/methods/res/200/?$rid=1f', { kind: 'method-response', status: 200, rid: '1f' }],
    ['$iothub/methods/res/-3/?$rid=1f', { kind: 'method-response', status: -3, rid: '1f' }],
    ['$iothub/methods/res/ok/?$rid=1f', { kind: 'method-response', status: undefined, rid: '1f' }],
  ])('understands %s', (topic, expected) => {
    expect(parsePublishTopic(topic, 'd1')).toEqual(expected);
  });

  it.each([
    '',
    'devices/d2/messages/events/',
    'devices/d1x/messages/events/',
    'devices/D1/messages/events/',
    'devices/d1/messages/eventsx',
    'devices/d1/messages/events/a/b',
    'devices/d1/messages/devicebound/',
    'devices/d1',
    'other',
    '$iothub/twin/GET/',
    '$iothub/twin/GET/?$rid=',
    '$iothub/twin/GET/?$version=1',
    '$iothub/twin/GET/more/?$rid=1',
    '$iothub/twin/POST/?$rid=1',
    '$iothub/twin/PATCH/properties/reported/more/?$rid=1',
    '$iothub/twin/PATCH/properties/reported/?$rid=1&$version=x',
    '$iothub/twin/PATCH/properties/desired/?$rid=1',
    '$iothub/methods/res/200/',
    '$iothub/methods/res/200/more/?$rid=1',
    '$iothub/methods/POST/reboot/?$rid=1',
    '$SYS/broker',
  ])('when a device publishes to %j, then it is forbidden: device.md §2.2', (topic) => {
    expect(parsePublishTopic(topic, 'd1').kind).toBe('forbidden');
  });

  it('when any text follows a foreign device, then it is never this device’s telemetry', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (id, rest) => {
        fc.pre(id !== 'd1' && !id.startsWith('d1/'));
        expect(parsePublishTopic(`devices/${id}/messages/events/${rest}`, 'd1').kind).toBe('forbidden');
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'devices/d1/messages/events/', '$iothub/twin/', '$iothub/methods/res/'),
        fc.string({ unit: 'binary' }),
        (start, rest) => void parsePublishTopic(start + rest, 'd1'),
      ),
    );
  });
});

describe('what the hub publishes', () => {
  it('is understood by the device as it was written', () => {
    const rid = fc.stringMatching(/^[0-9a-f-]{1,36}$/);
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        rid,
        fc.option(fc.nat(), { nil: undefined }),
        (status, id, version) => {
          expect(parseTwinResponse(twinResponseTopic(status, id, version))).toEqual({
            status,
            rid: id,
            ...(version === undefined ? {} : { version }),
          });
          expect(parseMethodRequestTopic(methodRequestTopic('a*b', id))).toEqual({ methodName: 'a*b', rid: id });
          expect(parsePublishTopic(methodResponseTopic(status, id), 'd')).toEqual({
            kind: 'method-response',
            status,
            rid: id,
          });
          expect(parsePublishTopic(twinPatchTopic(id, version), 'd')).toMatchObject({ kind: 'twin-patch', rid: id });
          expect(parseDesiredTopic(desiredTopic(version ?? 1))).toEqual({ version: version ?? 1 });
        },
      ),
    );
  });

  it.each([
    '',
    'other',
    '$iothub/twin/res/ok/?$rid=1',
    '$iothub/twin/res/200/',
    '$iothub/methods/POST//?$rid=1',
    '$iothub/methods/POST/x',
    '$iothub/twin/PATCH/properties/desired/',
  ])('when a topic is %j, then it is none of them', (topic) => {
    expect(parseTwinResponse(topic)).toBeUndefined();
    expect(parseMethodRequestTopic(topic)).toBeUndefined();
    expect(parseDesiredTopic(topic)).toBeUndefined();
  });
});

describe('classifyFilter', () => {
  it.each([
    ['$iothub/twin/res/#', 'twin-responses'],
    ['$iothub/twin/PATCH/properties/desired/#', 'desired'],
    ['$iothub/methods/POST/#', 'methods'],
    ['$iothub/methods/POST/reboot/#', 'methods'],
    ['devices/d1/messages/devicebound/#', 'messages'],
    ['devices/d2/messages/devicebound/#', undefined],
    ['devices/+/messages/devicebound/#', undefined],
    ['devices/d1/messages/events/#', undefined],
    ['#', undefined],
    ['+/#', undefined],
    ['$iothub/#', undefined],
    ['$iothub/twin/GET/#', undefined],
    ['$iothub/twin/res/200/#', undefined],
    ['$iothub/methods/POST/a/b/#', undefined],
    ['', undefined],
  ])('%s is %s: device.md §2.1, §2.2', (filter, kind) => {
    expect(classifyFilter(filter, 'd1')).toBe(kind);
  });
});

describe('matchesFilter', () => {
  it.each([
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['#', 'a', true],
    ['#', '$a', false],
    ['+/b', '$a/b', false],
    ['$a/#', '$a/b', true],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['a', 'a/b', false],
    ['a/b', 'a', false],
    ['$iothub/methods/POST/reboot/#', '$iothub/methods/POST/reboot/?$rid=1', true],
    ['$iothub/methods/POST/reboot/#', '$iothub/methods/POST/ping/?$rid=1', false],
  ])('%s matches %s: %s', (filter, topic, expected) => {
    expect(matchesFilter(filter, topic)).toBe(expected);
  });
});
