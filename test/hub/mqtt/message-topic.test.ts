import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBag } from '../../../src/protocol/mqtt/index.ts';
import { frontBench } from '../../support/mqtt-front.ts';

const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)) });
/** An empty property is left out. */
const said = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
const name = printable.filter((text) => text !== '' && !text.startsWith('$.') && text !== 'iothub-ack');

it('whatever a message says, its topic says it in a form that every SDK can read (device.md §2.5)', async () => {
  const { core, device } = frontBench();
  const peer = await device();
  await peer.subscribe('devices/d1/messages/devicebound/#');
  const message = fc.record({
    messageId: fc.option(fc.stringMatching(/^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/), { nil: undefined }),
    correlationId: fc.option(printable, { nil: undefined }),
    to: fc.option(
      printable.filter((text) => text !== ''),
      { nil: undefined },
    ),
    contentType: fc.option(printable, { nil: undefined }),
    properties: fc.dictionary(name, printable, { maxKeys: 5 }),
    ack: fc.constantFrom('none' as const, 'full' as const),
  });
  await fc.assert(
    fc.asyncProperty(message, async (sent) => {
      await core.messages.send('d1', { ...sent, body: Buffer.from('x') });
      const packet = await peer.next();
      if (packet?.cmd !== 'publish') throw new Error('no message came');
      const bag = packet.topic.slice('devices/d1/messages/devicebound/'.length);
      // C# splits the topic at slashes, Java begins at the first system property and turns plus signs into spaces.
      expect(bag).toMatch(/^%24\.[^/+ #]+$/);
      for (const pair of bag.split('&')) expect(pair).toContain('=');
      const { system, properties } = decodeBag(bag);
      expect(system['message-id']).toBe(said(sent.messageId));
      expect(system['correlation-id']).toBe(said(sent.correlationId));
      expect(system['content-type']).toBe(said(sent.contentType));
      expect(system.to).toBe(sent.to ?? '/devices/d1/messages/devicebound');
      expect({ ...properties }).toEqual({ ...(sent.ack === 'full' && { 'iothub-ack': 'full' }), ...sent.properties });
    }),
    { numRuns: 200 },
  );
});
