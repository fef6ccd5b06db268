/** C-25: topics, filters, bags and user names. What a device writes about itself is never taken for what the hub knows. */
import { expect, it } from 'vitest';
import { eventMessage } from '../../../src/hub/amqp/event-hubs/event-message.ts';
import type { Sender } from '../../../src/hub/core/ports.ts';
import {
  classifyFilter,
  decodeBag,
  encodeBag,
  matchesFilter,
  parseMqttUsername,
  parsePublishTopic,
  stampBag,
  telemetryBag,
} from '../../../src/protocol/mqtt/index.ts';
import {
  parseProvisioningUsername,
  parseRegistrationResponse,
  parseRegistrationTopic,
} from '../../../src/protocol/provisioning/index.ts';
import { requestedFault } from '../../../src/protocol/requested-fault.ts';
import { textCorpus } from './support/corpus.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateText, tellingTexts } from './support/mutate.ts';
import { below, pick, type Random } from './support/random.ts';

const texts = textCorpus('topics');
const damaged = (random: Random): string => mutateText(random, pick(random, texts), texts);

it('C-25 topics are understood or refused, and only own ones carry telemetry', async () => {
  await fuzz({
    id: 'C-25',
    name: 'topics',
    cases: { smoke: 15_000, full: 2_000_000 },
    make: damaged,
    check(topic) {
      const parsed = parsePublishTopic(topic, 'dev1');
      const isOwn = /^devices\/dev1\/messages\/events(?:\/|$)/.test(topic);
      if (parsed.kind === 'telemetry' && !isOwn) throw new Error('telemetry on the topic of another');
      if ((telemetryBag(topic, 'dev1') !== undefined) !== (parsed.kind === 'telemetry'))
        throw new Error('two opinions');
      const kind = classifyFilter(topic, 'dev1');
      if (kind === 'messages' && topic !== 'devices/dev1/messages/devicebound/#')
        throw new Error('a filter of another');
      if (kind !== undefined && !topic.startsWith('$iothub/') && kind !== 'messages')
        throw new Error('a filter of a module');
      matchesFilter(topic, 'devices/dev1/messages/devicebound/a=b');
      parseRegistrationTopic(topic);
      parseRegistrationResponse(topic);
      parseProvisioningUsername(topic);
      const user = parseMqttUsername(topic);
      if (user !== undefined && (user.deviceId.includes('/') || user.hostName.includes('/')))
        throw new Error('a part with a slash');
    },
    show: JSON.stringify,
  });
});

/** A bag read in the slowest and plainest way, by the rules of device.md §2.5 alone. */
function plainDecode(bag: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const pair of (bag.endsWith('/') ? bag.slice(0, -1) : bag).split('&')) {
    if (pair === '') continue;
    const [name = '', ...rest] = pair.split('=');
    const key = decoded(name);
    if (!found.has(key)) found.set(key, rest.length === 0 ? '' : decoded(rest.join('=')));
  }
  return found;
}

const sender: Sender = {
  deviceId: 'dev1',
  moduleId: '',
  generationId: 'g1',
  auth: { scope: 'device', type: 'sas', issuer: 'iothub' },
  modelId: '',
  source: 'Telemetry',
};
const stamped = [
  'iothub-connection-device-id',
  'iothub-connection-auth-method',
  'iothub-connection-auth-generation-id',
  'iothub-enqueuedtime',
  'iothub-message-source',
];

it('C-25 bags are read as the plain reading has it, and the marks of the hub win', async () => {
  await fuzz({
    id: 'C-25',
    name: 'bags',
    cases: { smoke: 12_000, full: 2_000_000 },
    make: damaged,
    check(bag) {
      const { system, properties } = decodeBag(bag);
      const plain = plainDecode(bag);
      for (const [name, value] of Object.entries(properties))
        if (plain.get(name) !== value) throw new Error(`${name} is read otherwise`);
      for (const [name, value] of plain)
        if (!name.startsWith('$.') && properties[name] !== value) throw new Error(`${name} is lost`);
      if (Object.getPrototypeOf(properties) !== null || Object.getPrototypeOf(system) !== null)
        throw new Error('a prototype');
      const again = decodeBag(stampBag(bag, 'iothub-MessageType', 'Will'));
      if (again.properties['iothub-MessageType'] !== 'Will') throw new Error('the mark of the hub lost');
      requestedFault(bag);
      const event = eventMessage({
        sender,
        partition: 0,
        sequenceNumber: 7,
        enqueuedTime: 1,
        bag,
        body: new Uint8Array(),
      });
      const honest = eventMessage({
        sender,
        partition: 0,
        sequenceNumber: 7,
        enqueuedTime: 1,
        bag: '',
        body: new Uint8Array(),
      });
      for (const name of stamped) expect(event.annotations?.get(name)).toEqual(honest.annotations?.get(name));
    },
    show: JSON.stringify,
  });
});

it('C-25 what is written is what is read, whatever the texts are', async () => {
  await fuzz({
    id: 'C-25',
    name: 'bag-round-trip',
    cases: { smoke: 8_000, full: 1_000_000 },
    make: (random) =>
      Array.from({ length: random() < 0.01 ? 2_000 : below(random, 6) }, (_, index): [string, string] => [
        `${text(random)}${index}`,
        text(random),
      ]),
    check(pairs) {
      const properties = Object.fromEntries(
        pairs
          .map(([name, value]) => [name.toWellFormed(), value.toWellFormed()])
          .filter(([name]) => name?.startsWith('$.') === false),
      );
      const read = decodeBag(encodeBag({ system: { 'message-id': 'm\u0000&=' }, properties }));
      expect({ ...read.properties }).toEqual(properties);
      expect(read.system['message-id']).toBe('m\u0000&=');
    },
    show: JSON.stringify,
  });
});

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function text(random: Random): string {
  return mutateText(random, pick(random, tellingTexts), tellingTexts);
}
