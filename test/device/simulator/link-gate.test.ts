import { expect, test } from 'vitest';
import type { Link, LinkOptions, OpenLink } from '../../../src/device/connection/link.ts';
import { createLinkGate } from '../../../src/device/simulator/link-gate.ts';

const options: LinkOptions = {
  endpoint: { host: 'hub', port: 8883, tls: true },
  clientId: 'pump-1',
  username: '',
  password: '',
  keepAliveSeconds: 60,
  connectTimeoutMs: 1_000,
  onMessage: () => undefined,
  onClosed: () => undefined,
};

function rig() {
  const events: string[] = [];
  const opening = Promise.withResolvers<Link>();
  const link: Link = {
    sessionPresent: false,
    publish: async () => undefined,
    subscribe: async () => undefined,
    close: async () => undefined,
    destroy: () => void events.push('cut'),
  };
  const openLink: OpenLink = () => {
    events.push('opened');
    return opening.promise;
  };
  return { gate: createLinkGate(openLink), events, opened: () => opening.resolve(link), link };
}

test('opens a link, and cuts it when it is shut', async () => {
  const { gate, events, opened, link } = rig();
  const open = gate.open(options);
  opened();
  expect(await open).toBe(link);
  gate.shut();
  gate.shut();
  expect([events, gate.isShut]).toEqual([['opened', 'cut'], true]);
});

test('keeps who comes to a shut gate waiting until it is released', async () => {
  const { gate, events, opened, link } = rig();
  gate.shut();
  const open = gate.open(options);
  await Promise.resolve();
  expect(events).toEqual([]);
  gate.release();
  opened();
  expect(await open).toBe(link);
});

test('lets no link through that was opened while the gate was being shut', async () => {
  const { gate, events, opened } = rig();
  const open = gate.open(options);
  await Promise.resolve();
  gate.shut();
  opened();
  await expect(open).rejects.toThrow('lost its link');
  expect(events).toEqual(['opened', 'cut']);
});
