import { describe, expect, it } from 'vitest';
import { codes, readPerformative } from '../../../src/hub/amqp/codec/performatives.ts';
import { Writer } from '../../../src/hub/amqp/codec/writer.ts';
import type { AmqpConnection, IncomingLink, LinkRoute, Receiving } from '../../../src/hub/amqp/route.ts';
import { Session, type SessionHost } from '../../../src/hub/amqp/session.ts';
import { AmqpDescribed } from '../../../src/hub/amqp/codec/values.ts';

describe('a link that ends while its route is still thinking', () => {
  it('when the hub ends it, then it is opened, told why, and closed', async () => {
    const opening = Promise.withResolvers<Receiving>();
    let asked: IncomingLink | undefined;
    const route: LinkRoute = {
      receive(link) {
        asked = link;
        return opening.promise;
      },
    };
    const written: string[] = [];
    const session = new Session(hostOf(route, written), { channel: 0, code: codes.begin, fields: [], payload: none });
    const target = new AmqpDescribed(0x29, ['somewhere']);
    const fields = ['link', 0, false, null, null, new AmqpDescribed(0x28, []), target];
    session.handle({ channel: 0, code: codes.attach, fields, payload: none }, attachFrame());
    asked?.detach({ condition: 'amqp:link:stolen' });
    expect(asked?.isOpen).toBe(false);
    let closed = 0;
    opening.resolve({ message: () => undefined, closed: () => void closed++ });
    await opening.promise;
    await Promise.resolve();
    expect(written).toEqual(['begin', 'attach', 'detach']);
    expect(closed).toBe(1);
  });
});

const none = Buffer.alloc(0);

/** Its bytes are looked at for source and target alone. */
function attachFrame(): Buffer {
  const writer = new Writer();
  writer.word(0);
  writer.word(0x0200_0000);
  writer.descriptor(codes.attach);
  const mark = writer.beginList(0);
  writer.end(mark);
  return writer.take();
}

function hostOf(route: LinkRoute, written: string[]): SessionHost {
  const names = new Map<number, string>(Object.entries(codes).map(([name, code]) => [code, name]));
  return {
    connection: {} as AmqpConnection,
    routes: [route],
    writer: new Writer(),
    peerFrameBytes: 512,
    congested: false,
    write(build) {
      const writer = new Writer();
      build(writer);
      written.push(names.get(readPerformative(writer.take())?.code ?? 0) ?? '');
    },
    wantsFlush: () => undefined,
    countLink: () => true,
    holdPartial: () => true,
    unsettledChanged: () => undefined,
    refused: (_address, thrown) => {
      throw thrown;
    },
    toError: (thrown) => {
      throw thrown;
    },
  };
}
