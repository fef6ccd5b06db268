import { expect, it } from 'vitest';
import type { AmqpContext } from '../../../../src/hub/amqp/context.ts';
import { parseDeviceAddress } from '../../../../src/hub/amqp/device/address.ts';
import { createDeviceSessions } from '../../../../src/hub/amqp/device/device-sessions.ts';
import type { AmqpConnection, DeviceGrant, SharedKey } from '../../../../src/hub/amqp/route.ts';

it('when a connection ends while an identity is being proved, then the identity is not taken from its next connection', async () => {
  const attached: unknown[] = [];
  const context = { core: { sessions: { attach: (session: unknown) => attached.push(session) } } };
  const sessions = createDeviceSessions(context as unknown as AmqpContext);
  const proved = Promise.withResolvers<DeviceGrant>();
  let close: (() => void) | undefined;
  const connection = {
    protocol: 'amqp',
    remote: 'test',
    claims: { device: () => proved.promise },
    shared<Value>(key: SharedKey<Value>): Value {
      const value = key.create(connection as unknown as AmqpConnection);
      close = () => key.closed?.(value);
      return value;
    },
  };
  const address = parseDeviceAddress('/devices/d1/twin');
  if (address === undefined) throw new Error('not an address');
  const opened = sessions.open(connection as unknown as AmqpConnection, address, '');
  close?.();
  proved.resolve({ principal: { sender: { deviceId: 'd1', moduleId: '' } } } as DeviceGrant);
  await expect(opened).rejects.toMatchObject({ symbol: 'LinkCreationConflict' });
  expect(attached).toEqual([]);
});
