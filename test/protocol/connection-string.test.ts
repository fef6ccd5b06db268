import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/errors/index.ts';
import {
  formatConnectionString,
  parseConnectionString,
  type ConnectionString,
} from '../../src/protocol/connection-string.ts';

const key = Buffer.alloc(32, 9).toString('base64');

function failureOf(text: string): Failure {
  try {
    parseConnectionString(text);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

describe('parseConnectionString', () => {
  it('reads a policy: device.md §1.1, service.md §1.1', () => {
    expect(
      parseConnectionString(`HostName=hub.example.com;SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`),
    ).toEqual({
      hostName: 'hub.example.com',
      sharedAccessKeyName: 'iothubowner',
      sharedAccessKey: key,
    });
  });

  it('splits on the first "=" only, so that base64 padding stays', () => {
    expect(parseConnectionString(`HostName=h;DeviceId=d=1;SharedAccessKey=${key}`)).toEqual({
      hostName: 'h',
      deviceId: 'd=1',
      sharedAccessKey: key,
    });
  });

  it('reads each of the three credentials of a device', () => {
    expect(parseConnectionString('HostName=h;DeviceId=d;x509=true')).toEqual({
      hostName: 'h',
      deviceId: 'd',
      x509: true,
    });
    expect(
      parseConnectionString('HostName=h;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=h&sig=a%3D&se=1'),
    ).toMatchObject({
      sharedAccessSignature: 'SharedAccessSignature sr=h&sig=a%3D&se=1',
    });
    expect(
      parseConnectionString(`HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=${key};GatewayHostName=g:8883`),
    ).toMatchObject({
      moduleId: 'm',
      gatewayHostName: 'g:8883',
    });
  });

  it('takes a port, an IPv6 address, a closing semicolon and blanks around', () => {
    expect(parseConnectionString(`  HostName=localhost:8443;DeviceId=d;SharedAccessKey=${key};\n`).hostName).toBe(
      'localhost:8443',
    );
    expect(parseConnectionString(`HostName=[::1]:8443;DeviceId=d;SharedAccessKey=${key}`).hostName).toBe('[::1]:8443');
  });

  it.each([
    ['', undefined],
    ['HostName', undefined],
    ['hostname=h;DeviceId=d;x509=true', 'HostName'],
    [`DeviceId=d;SharedAccessKey=${key}`, 'HostName'],
    [`HostName=;DeviceId=d;SharedAccessKey=${key}`, 'HostName'],
    [`HostName=https://h/;DeviceId=d;SharedAccessKey=${key}`, 'HostName'],
    [`HostName=h;HostName=h;DeviceId=d;SharedAccessKey=${key}`, 'HostName'],
    [`HostName=h;DeviceId=a/b;SharedAccessKey=${key}`, 'DeviceId'],
    [`HostName=h;ModuleId=m;SharedAccessKeyName=p;SharedAccessKey=${key}`, 'DeviceId'],
    [`HostName=h;SharedAccessKey=${key}`, 'SharedAccessKeyName'],
    ['HostName=h;DeviceId=d', 'SharedAccessKey'],
    ['HostName=h;DeviceId=d;SharedAccessKey=not base64', 'SharedAccessKey'],
    ['HostName=h;DeviceId=d;SharedAccessKey=', 'SharedAccessKey'],
    [`HostName=h;DeviceId=d;SharedAccessKey=${key};x509=true`, 'x509'],
    ['HostName=h;DeviceId=d;x509=yes', 'x509'],
    ['HostName=h;x509=true', 'DeviceId'],
    [`HostName=h;DeviceId=d;Colour=red;SharedAccessKey=${key}`, undefined],
  ])('when the text is %j, then the part at fault is %s', (text, part) => {
    const failure = failureOf(text);
    expect(failure.code).toBe('invalid-connection-string');
    expect(failure.details['part']).toBe(part);
  });

  it('when a part is wrong, then no value of the text is in the error', () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0';
    for (const text of [
      secret,
      `${secret}=`,
      `HostName=h;DeviceId=d;SharedAccessKey=${secret}!`,
      `HostName=h;SharedAccesKey=${secret}`,
      `HostName=${secret}/;${secret}==`,
    ]) {
      const failure = failureOf(text);
      expect(JSON.stringify([failure.message, failure.hint, failure.details])).not.toContain(secret.slice(0, 12));
    }
  });

  it('never throws anything but its failure', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(() => {
          try {
            parseConnectionString(text);
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
          }
        }).not.toThrow();
      }),
    );
  });
});

describe('formatConnectionString', () => {
  it('writes the customary order', () => {
    expect(formatConnectionString({ sharedAccessKey: key, moduleId: 'm', deviceId: 'd', hostName: 'h' })).toBe(
      `HostName=h;DeviceId=d;ModuleId=m;SharedAccessKey=${key}`,
    );
  });

  it('is undone by parsing', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9\-.%_*?!(),:=@$'+#]{3,128}$/);
    const secret = fc
      .uint8Array({ minLength: 16, maxLength: 64 })
      .map((bytes) => Buffer.from(bytes).toString('base64'));
    const host = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,40}(:[0-9]{1,5})?$/);
    const device = fc.record({ hostName: host, deviceId: id, sharedAccessKey: secret });
    const policy = fc.record({
      hostName: host,
      sharedAccessKeyName: fc.stringMatching(/^[a-zA-Z0-9]{1,64}$/),
      sharedAccessKey: secret,
    });
    fc.assert(
      fc.property(fc.oneof(device, policy), (parts: ConnectionString) => {
        expect(parseConnectionString(formatConnectionString(parts))).toEqual(parts);
      }),
    );
  });
});
