import { describe, expect, it } from 'vitest';
import { amqpEndpointOf } from '../../../src/client/amqp/endpoint.ts';
import type { KeyConnection } from '../../../src/config/profile.ts';

function connection(more: Partial<KeyConnection> = {}): KeyConnection {
  return {
    name: 'factory',
    kind: 'cloud',
    auth: 'key',
    hostName: 'Contoso.azure-devices.net',
    sharedAccessKeyName: 'service',
    sharedAccessKey: 'a2V5',
    source: 'profile',
    ...more,
  };
}

describe('where the AMQP of a hub is', () => {
  it('when nothing else is said, then at its name, over TLS', () => {
    expect(amqpEndpointOf(connection())).toEqual({
      hostName: 'contoso.azure-devices.net',
      host: 'contoso.azure-devices.net',
      port: 5671,
      secure: true,
      webSocketOrigin: 'wss://contoso.azure-devices.net',
    });
  });

  it.each([
    ['amqps://127.0.0.1:5700', { host: '127.0.0.1', port: 5700, secure: true }],
    ['amqps://hub.example', { host: 'hub.example', port: 5671, secure: true }],
    ['amqp://localhost', { host: 'localhost', port: 5672, secure: false }],
    ['amqp://[::1]:5673/', { host: '::1', port: 5673, secure: false }],
  ])('when the profile says %s, then there', (amqpUrl, expected) => {
    expect(amqpEndpointOf(connection({ amqpUrl }))).toMatchObject(expected);
  });

  it.each([
    'amqp://hub.example:5672',
    'https://hub.example',
    'amqps://',
    'amqps://h:99999',
    'amqp://127.0.0.1.evil.example',
  ])('when the profile says %s, then it is refused: plain AMQP is for this machine alone', (amqpUrl) => {
    expect(() => amqpEndpointOf(connection({ amqpUrl }))).toThrow('must be amqps://HOST:PORT');
  });
});
