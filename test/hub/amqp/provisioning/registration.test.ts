import rhea, { type Connection, type EventContext } from 'rhea';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSasToken } from '../../../../src/protocol/sas-token.ts';
import { event, openAmqpBench, sendAndSettle, type AmqpBench } from '../../../support/amqp-front.ts';

let bench: AmqpBench;
let address: string;
let key: string;
beforeAll(async () => {
  bench = await openAmqpBench();
  address = `${await bench.core.provisioning.idScope()}/registrations/r1`;
});
afterAll(() => bench.close());
beforeEach(async () => {
  const made = await bench.core.provisioning.enrollments.put(
    'r1',
    { attestation: { type: 'symmetricKey' } },
    undefined,
  );
  key = made.attestation.symmetricKey?.primaryKey ?? '';
});

function connect(signWith = key): Connection {
  const expiresAt = bench.clock.now() / 1_000 + 60;
  const password = createSasToken({ resource: address, key: signWith, keyName: 'registration', expiresAt });
  return bench.connect({ username: address, password });
}

const body = (value: object) => rhea.message.data_section(Buffer.from(JSON.stringify(value)));

describe('a device that registers over AMQP', () => {
  it('is told to come back, and then where it belongs', async () => {
    const connection = connect();
    const receiver = connection.open_receiver(address);
    const answers: EventContext[] = [];
    let wake = Promise.withResolvers<void>();
    receiver.on('message', (context: EventContext) => {
      answers.push(context);
      wake.resolve();
      wake = Promise.withResolvers<void>();
    });
    const sender = connection.open_sender(address);
    const ask = async (properties: Record<string, string | boolean>, content: object | undefined) => {
      const before = answers.length;
      const outcome = await sendAndSettle(sender, {
        correlation_id: 'c1',
        application_properties: properties,
        body: content === undefined ? '' : body(content),
      });
      expect(outcome).toEqual({ outcome: 'accepted' });
      while (answers.length === before) await wake.promise;
      const { message } = answers.at(-1) as EventContext;
      expect(message?.correlation_id).toBe('c1');
      const answered = message?.body as { readonly content: Buffer };
      return {
        retryAfter: message?.application_properties?.['retry-after'] as unknown,
        operation: JSON.parse(String(answered.content)) as { operationId: string; status: string },
      };
    };
    const begun = await ask({ 'iotdps-operation-type': 'iotdps-register' }, { registrationId: 'r1' });
    expect(begun).toMatchObject({ retryAfter: 1, operation: { status: 'assigning' } });
    const poll = {
      'iotdps-operation-type': 'iotdps-get-operationstatus',
      'iotdps-operation-id': begun.operation.operationId,
    };
    let answer = await ask(poll, undefined);
    while (answer.retryAfter !== undefined) answer = await ask(poll, undefined);
    expect(answer.operation).toMatchObject({ status: 'assigned', registrationState: { deviceId: 'r1' } });
    connection.close();
  });

  it.each([
    ['a wrong key', () => connect(Buffer.alloc(32).toString('base64')), 'iotdps-register', 'amqp:unauthorized-access'],
    ['an operation that is none', () => connect(), 'iotdps-fly', 'amqp:not-allowed'],
    ['a status of no operation', () => connect(), 'iotdps-get-operationstatus', 'amqp:not-found'],
  ])('when it has %s, then its request is rejected', async (_what, open, operation, condition) => {
    const connection = open();
    const sender = connection.open_sender(address);
    const application_properties = { 'iotdps-operation-type': operation };
    expect(await sendAndSettle(sender, { application_properties, body: body({}) })).toEqual({
      outcome: 'rejected',
      condition,
    });
    connection.close();
  });

  it('when the address has more to it, then there is nothing there', async () => {
    const connection = connect();
    const sender = connection.open_sender(`${address}/more`);
    await event(sender, 'sender_error');
    connection.close();
  });
});
