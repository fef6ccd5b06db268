/** SUBSCRIBE and UNSUBSCRIBE. Source: device.md §1.4, §2.1, §2.2; MQTT 3.1.1 §3.8, §3.10. */
import type { EndReason, FrontContext } from './context.ts';
import type { DeviceLink } from './device-link.ts';
import type { Frame } from './frame-reader.ts';
import { decodePacket, encodeSuback, encodeUnsuback } from './packets.ts';

/** What a packet whose work takes time comes to: an answer, nothing, or the end of the connection. */
export interface Outcome {
  readonly send?: Uint8Array | undefined;
  readonly end?: { readonly reason: EndReason; readonly detail: string };
}

export async function subscribe(context: FrontContext, link: DeviceLink, frame: Frame): Promise<Outcome> {
  const packet = decodePacket(frame);
  if (packet?.cmd !== 'subscribe' || !isIdentifier(packet.messageId) || packet.subscriptions.length === 0)
    return malformed;
  let isNew = false;
  const granted = packet.subscriptions.map(({ qos }) => (qos === 0 ? 0 : 1));
  for (const [index, { topic }] of packet.subscriptions.entries()) {
    const added = link.subscriptions.add(topic, granted[index] ?? 0);
    // The cloud hub has no SUBACK for a refused filter: it closes the connection.
    if (added === 'refused')
      return { end: { reason: 'forbidden', detail: 'subscription to a filter that is not allowed' } };
    isNew ||= added === 'added';
  }
  if (link.subscriptions.size > context.limits.subscriptions)
    return { end: { reason: 'forbidden', detail: 'too many subscriptions' } };
  if (isNew) await changed(context, link);
  return { send: encodeSuback(packet.messageId, granted) };
}

export async function unsubscribe(context: FrontContext, link: DeviceLink, frame: Frame): Promise<Outcome> {
  const packet = decodePacket(frame);
  if (packet?.cmd !== 'unsubscribe' || !isIdentifier(packet.messageId) || packet.unsubscriptions.length === 0)
    return malformed;
  const before = link.subscriptions.size;
  for (const topic of packet.unsubscriptions) link.subscriptions.remove(topic);
  if (link.subscriptions.size !== before) await changed(context, link);
  return { send: encodeUnsuback(packet.messageId) };
}

const malformed: Outcome = { end: { reason: 'protocol', detail: 'malformed subscription' } };

/** MQTT-2.3.1-1: never zero. The parser gives -1 for one that is cut off. */
function isIdentifier(messageId: number | undefined): messageId is number {
  return messageId !== undefined && messageId > 0;
}

async function changed({ core }: FrontContext, link: DeviceLink): Promise<void> {
  core.sessions.methodsChanged(link);
  if (!link.clean) await core.sessions.writeSubscriptions(link.identity, link.subscriptions.filters);
}
