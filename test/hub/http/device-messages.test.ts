import { expect, test } from 'vitest';
import { decodeBag } from '../../../src/protocol/mqtt/index.ts';
import { readSingle } from '../../../src/hub/http/device-messages.ts';

test('when properties come as headers, then their names keep the case they were written in and the first of two wins', () => {
  const raw = ['Host', 'x', 'IoTHub-App-MyProperty', '1', 'IOTHUB-MESSAGEID', 'a', 'iothub-messageid', 'b', 'odd'];
  const { bag } = readSingle(raw, Buffer.alloc(0));
  expect(decodeBag(bag)).toEqual({ system: { 'message-id': 'a' }, properties: { MyProperty: '1' } });
});
