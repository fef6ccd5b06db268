import { describe, expect, it } from 'vitest';
import { strangeHost } from '../../src/hub/own-host.ts';

const names = ['localhost', '127.0.0.1', '::1', 'hub.example'];

describe('a request over plain HTTP', () => {
  it.each([
    [{ host: 'localhost:8080' }],
    [{ host: 'LOCALHOST' }],
    [{ host: '127.0.0.1:8080' }],
    [{ host: '[::1]:8080' }],
    [{ host: 'hub.example' }],
    [{}],
    [{ host: 'localhost', origin: 'http://localhost:3000' }],
    [{ host: 'localhost', origin: 'http://[::1]:3000' }],
  ])('when it is for the hub, then it is taken: %j', (headers) => {
    expect(strangeHost(headers, names)).toBeUndefined();
  });

  it.each([
    [{ host: 'evil.example' }],
    [{ host: 'evil.example:8080' }],
    [{ host: 'localhost.evil.example' }],
    [{ host: 'evil.example#localhost' }],
    [{ host: 'user@localhost' }],
    [{ host: '' }],
    [{ host: '127.0.0.1.nip.example' }],
    [{ host: '2130706433' }],
    [{ host: 'localhost', origin: 'https://evil.example' }],
    [{ host: 'localhost', origin: 'null' }],
    [{ host: 'localhost', origin: 'http://localhost.evil.example' }],
    [{ host: 'localhost', origin: 'file://localhost' }],
  ])('when it is for another host, or from its page, then it is not: %j', (headers) => {
    expect(strangeHost(headers, names)).toBeDefined();
  });
});
