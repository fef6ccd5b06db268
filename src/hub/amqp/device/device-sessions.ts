import { HubError } from '../../../protocol/hub-errors.ts';
import type { IdentityPath } from '../../../protocol/identity-path.ts';
import type { AmqpContext } from '../context.ts';
import type { AmqpConnection, DeviceGrant, SharedKey } from '../route.ts';
import type { DeviceAddress } from './address.ts';
import { AmqpDeviceSession } from './device-session.ts';

/** The identities of one connection, with those that are being let in. */
type SessionsByIdentity = Map<IdentityPath, Promise<AmqpDeviceSession>>;

/** Finds or begins the session a link belongs to. */
export interface DeviceSessions {
  /** Proves the identity and makes it the device's session. HubErrors as {@link Claims.device}. */
  open(connection: AmqpConnection, address: DeviceAddress, modelId: string): Promise<AmqpDeviceSession>;
}

export function createDeviceSessions(context: AmqpContext): DeviceSessions {
  /** Of connections that are over: an identity that was still being proved must not displace its next connection. */
  const over = new WeakSet<SessionsByIdentity>();
  const key: SharedKey<SessionsByIdentity> = { create: () => new Map(), closed: (sessions) => void over.add(sessions) };

  async function begin(
    sessions: SessionsByIdentity,
    connection: AmqpConnection,
    identity: IdentityPath,
    modelId: string,
  ): Promise<AmqpDeviceSession> {
    const grant = await connection.claims.device(identity, modelId);
    if (over.has(sessions)) throw new HubError('LinkCreationConflict', 'The connection is over.');
    // Nothing may wait from here on, or an identity disabled in between would slip through.
    const session = new AmqpDeviceSession({
      context,
      connection,
      grant,
      onOver: () => void sessions.delete(identity),
    });
    context.core.sessions.attach(session);
    context.log.debug({ remote: connection.remote, identity, protocol: connection.protocol }, 'device connected');
    return session;
  }

  async function openOne(
    connection: AmqpConnection,
    identity: IdentityPath,
    modelId: string,
  ): Promise<AmqpDeviceSession> {
    const sessions = connection.shared(key);
    let opening = sessions.get(identity);
    if (opening === undefined) {
      opening = begin(sessions, connection, identity, modelId);
      sessions.set(identity, opening);
      opening.catch(() => sessions.delete(identity));
    }
    const session = await opening;
    // It was ended in the moment it began: the next one starts anew.
    if (session.isOver) throw new HubError('LinkCreationConflict', 'The identity has connected again.');
    // The token may have been renewed or lost since the first link came.
    if (modelId !== '' && session.sender.modelId !== modelId)
      adoptModel(session, await connection.claims.device(identity, modelId));
    return session;
  }

  /** The model came with a later link than the first. */
  function adoptModel(session: AmqpDeviceSession, { principal }: DeviceGrant): void {
    session.sender = principal.sender;
    if (!session.isOver) context.core.sessions.attach(session);
  }

  return {
    async open(connection, { identities }, modelId) {
      let refusal: unknown = new HubError('AmqpAddressNotFound', 'The address names no identity.');
      for (const identity of identities) {
        try {
          return await openOne(connection, identity, modelId);
        } catch (error) {
          refusal = error;
        }
      }
      throw refusal;
    },
  };
}
