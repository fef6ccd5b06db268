import { expect, it } from 'vitest';
import { entityNames } from '../../src/protocol/event-hub-names.ts';

it('when a hub has names, then the entity goes by each of them and its first word; addresses have no first word', () => {
  expect(entityNames(['Plant.example.com', 'localhost', '127.0.0.1', '::1'])).toEqual([
    'plant',
    'plant.example.com',
    'localhost',
    '127.0.0.1',
    '::1',
  ]);
});
