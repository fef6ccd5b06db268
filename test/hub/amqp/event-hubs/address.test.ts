import { describe, expect, it } from 'vitest';
import { builtInEndpointPath, parseEndpointAddress } from '../../../../src/hub/amqp/event-hubs/address.ts';

describe('addresses of the endpoint', () => {
  it.each([
    [
      'hub/ConsumerGroups/$Default/Partitions/0',
      { kind: 'partition', entity: 'hub', consumerGroup: '$Default', partition: '0' },
    ],
    [
      '/hub/consumergroups/mine/partitions/3',
      { kind: 'partition', entity: 'hub', consumerGroup: 'mine', partition: '3' },
    ],
    ['$management', { kind: 'management', entity: undefined }],
    ['/hub/$Management', { kind: 'management', entity: 'hub' }],
    ['hub', { kind: 'entity', entity: 'hub' }],
    ['hub/Partitions/1', { kind: 'entity', entity: 'hub' }],
  ])('when it is %s, then it is %o', (address, parsed) => {
    expect(parseEndpointAddress(address)).toEqual(parsed);
  });

  it.each(['$cbs', '', '/', '/devices/d/messages/events', 'hub/ConsumerGroups/a/b/Partitions/0', 'a/b/$management'])(
    'when it is %s, then it is none',
    (address) => {
      expect(parseEndpointAddress(address)).toBeUndefined();
    },
  );

  it.each([
    ['/messages/events', ''],
    ['/messages/events/$management', '/$management'],
    ['messages/Events/ConsumerGroups/$Default/Partitions/0', '/ConsumerGroups/$Default/Partitions/0'],
    ['/messages/eventsource', undefined],
    ['/devices/d/messages/events', undefined],
  ])('when a back end asks the hub for %s, then %s follows the built-in address', (address, path) => {
    expect(builtInEndpointPath(address)).toBe(path);
  });
});
