import { describe, expect, test } from 'vitest';
import { repeatabilityOf, workOf } from '../../../src/client/http/operation.ts';

describe('what a request counts as', () => {
  test.each([
    ['GET', '/devices/pump-1', undefined, 'registry', 1],
    ['PUT', '/devices/pump-1/modules/agent', {}, 'registry', 1],
    ['POST', '/devices', [{}, {}, {}], 'registry', 3],
    ['POST', '/devices/query', { query: 'SELECT * FROM devices' }, 'query', 1],
    ['DELETE', '/devices/pump-1/commands', undefined, 'cloud-to-device', 1],
    ['GET', '/twins/pump-1', undefined, 'twin-read', 1],
    ['PATCH', '/twins/pump-1/modules/agent', {}, 'twin-update', 1],
    ['POST', '/twins/pump-1/methods', {}, 'method', 4_096],
    ['POST', '/twins/pump-1/modules/agent/methods', {}, 'method', 4_096],
    ['GET', '/digitaltwins/pump-1', undefined, 'twin-read', 1],
    ['POST', '/digitaltwins/pump-1/commands/reboot', {}, 'method', 4_096],
    ['PUT', '/jobs/v2/one', {}, 'job', 1],
    ['GET', '/configurations/one', undefined, 'configuration', 1],
  ])('%s %s', (method, path, body, operation, cost) => {
    expect(workOf({ method, path, body })).toEqual({ operation, cost });
  });

  test.each(['/statistics/devices', '/iotctl/status', '/'])('%s has no limit', (path) => {
    expect(workOf({ method: 'GET', path })).toBeUndefined();
  });
});

describe('what may be sent twice', () => {
  test.each([
    ['GET', '/devices/pump-1', undefined],
    ['PUT', '/devices/pump-1', {}],
    ['PATCH', '/twins/pump-1', {}],
    ['DELETE', '/devices/pump-1', undefined],
    ['POST', '/devices/query', {}],
    ['POST', '/devices', []],
  ])('%s %s', (method, path, body) => {
    expect(repeatabilityOf({ method, path, body })).toBe('idempotent');
  });

  test.each(['/twins/pump-1/methods', '/jobs/create', '/devices/pump-1/applyConfigurationContent', '/anything/new'])(
    'not POST %s',
    (path) => {
      expect(repeatabilityOf({ method: 'POST', path, body: {} })).toBe('once');
    },
  );
});
