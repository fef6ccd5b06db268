import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deriveDeviceKey,
  formatProvisioningUsername,
  operationStatusTopic,
  parseProvisioningUsername,
  parseRegistrationPath,
  parseRegistrationResponse,
  parseRegistrationTopic,
  registerTopic,
  registrationIdProblem,
  registrationResponseTopic,
} from '../../../src/protocol/provisioning/index.ts';

describe('topics of registrations', () => {
  it('reads what devices publish', () => {
    expect(parseRegistrationTopic(registerTopic('r1'))).toEqual({ kind: 'register', requestId: 'r1' });
    expect(parseRegistrationTopic(operationStatusTopic('r2', '5.ab.cd'))).toEqual({
      kind: 'status',
      requestId: 'r2',
      operationId: '5.ab.cd',
    });
  });

  it.each([
    '$dps/registrations/PUT/iotdps-register/',
    '$dps/registrations/PUT/other/?$rid=1',
    'devices/d/messages/events/',
  ])('knows no %s', (topic) => expect(parseRegistrationTopic(topic)).toBeUndefined());

  it('needs a request id', () => {
    expect(parseRegistrationTopic('$dps/registrations/PUT/iotdps-register/?rid=1')).toBeUndefined();
  });

  it('writes answers with the request id first and one dollar sign after the start', () => {
    expect(registrationResponseTopic(202, 'r1', 3)).toBe('$dps/registrations/res/202/?$rid=r1&retry-after=3');
    expect(registrationResponseTopic(200, 'r1')).toBe('$dps/registrations/res/200/?$rid=r1');
    expect(parseRegistrationResponse('$dps/registrations/res/202/?$rid=r1&retry-after=3')).toEqual({
      status: 202,
      requestId: 'r1',
      retryAfter: 3,
    });
  });

  it('never throws, whatever a device publishes', () => {
    assert(
      property(string(), (text) => {
        parseRegistrationTopic(`$dps/registrations/GET/iotdps-get-operationstatus/?${text}`);
        parseRegistrationResponse(`$dps/registrations/res/${text}`);
        parseProvisioningUsername(text);
        parseRegistrationPath(text);
      }),
    );
  });
});

describe('who a registration is', () => {
  it('is told by the user name, and never a device of a hub', () => {
    const name = formatProvisioningUsername({ idScope: '0ne1', registrationId: 'truck-1' }, 'iotctl/1');
    expect(parseProvisioningUsername(name)).toEqual({ idScope: '0ne1', registrationId: 'truck-1' });
    expect(parseProvisioningUsername('hub.example/registrations/?api-version=2021-04-12')).toBeUndefined();
    expect(parseProvisioningUsername('hub.example/registrations/module/?api-version=2021-04-12')).toBeUndefined();
    expect(parseProvisioningUsername('hub.example/device/?api-version=2021-04-12')).toBeUndefined();
    expect(parseProvisioningUsername('0ne1/registrations/r/ClientVersion=1&api-version=2019-03-31')).toBeDefined();
  });

  it('has an id of 1 to 128 characters that ends well', () => {
    for (const id of ['a', 'A-1', 'a.b_c:d-', 'x'.repeat(128)]) expect(registrationIdProblem(id)).toBeUndefined();
    for (const id of ['', 'a.', 'a b', 'a/b', 'ü', '..', 'x'.repeat(129)])
      expect(registrationIdProblem(id)).toBeDefined();
  });

  it('derives the key that openssl computes', () => {
    // printf ID | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY -binary | base64
    const groupKey = Buffer.from('group key for this test, 32 byte').toString('base64');
    expect(deriveDeviceKey(groupKey, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6')).toBe(
      'AJg6LMWoxY1juE9tjCH1yT2iuOreZG+L3oXIT955/9w=',
    );
  });
});
