/** A device that registers with the provisioning service over AMQP. Source: device.md §5.6. */
import { HubError } from '../../../protocol/hub-errors.ts';
import { parseRegistrationPath, type RegistrationAddress } from '../../../protocol/provisioning/index.ts';
import type { OperationAnswer, RegistrationCredentials } from '../../core/provisioning/service.ts';
import { parseUntrustedJson } from '../../core/untrusted.ts';
import { int, type MessageId, type Writable } from '../codec/values.ts';
import type { AmqpContext } from '../context.ts';
import { toAmqpError } from '../errors.ts';
import type { AmqpMessage, OutgoingMessage } from '../message.ts';
import type {
  AmqpConnection,
  AmqpError,
  Claim,
  IncomingDelivery,
  LinkRoute,
  OutgoingLink,
  SharedKey,
} from '../route.ts';

/** Source: device.md §5.7. */
const largestRequest = 96 * 1024 + 4096;
/** A device asks one thing at a time. */
const window = 8;
const mostWaiting = 16;
const busyRetrySeconds = 5;

interface Replies {
  link: OutgoingLink | undefined;
  readonly waiting: OutgoingMessage[];
}

const replies: SharedKey<Replies> = { create: () => ({ link: undefined, waiting: [] }) };

export function createProvisioningRoute(context: AmqpContext): LinkRoute {
  return {
    receive(link) {
      const address = addressOf(link.address);
      if (address === undefined) return undefined;
      // Anybody may open the link; whoever had a request answered has shown who they are.
      let claim: Claim | undefined;
      const proved = (): void => void (claim ??= { resource: link.address, expiresAt: undefined });
      return {
        window,
        maxMessageSize: largestRequest,
        get claim() {
          return claim;
        },
        message: (delivery) =>
          void handle(context, link.connection, address, delivery).then((done) => done && proved()),
      };
    },
    send(link) {
      if (addressOf(link.address) === undefined) return undefined;
      const shared = link.connection.shared(replies);
      shared.link = link;
      return {
        credit: () => flush(shared),
        closed() {
          if (shared.link === link) shared.link = undefined;
        },
      };
    },
  };
}

/** `{idScope}/registrations/{registrationId}` and nothing behind it. */
function addressOf(text: string): RegistrationAddress | undefined {
  const path = text.replace(/^\//, '');
  return path.split('/').length === 3 ? parseRegistrationPath(path) : undefined;
}

/** A refused request is a rejected transfer with the error as JSON; an accepted one gets its answer on the other link. True when it was. */
async function handle(
  context: AmqpContext,
  connection: AmqpConnection,
  address: RegistrationAddress,
  delivery: IncomingDelivery,
): Promise<boolean> {
  try {
    const { message } = delivery;
    const { correlationId } = message.properties;
    const answer = await perform(context, credentialsOf(connection, address), connection, message);
    delivery.accept();
    reply(connection.shared(replies), correlationId, answer);
    return true;
  } catch (error) {
    delivery.reject(refusalOf(context, error));
    return false;
  }
}

function perform(
  context: AmqpContext,
  credentials: RegistrationCredentials,
  connection: AmqpConnection,
  message: AmqpMessage,
): Promise<OperationAnswer> {
  const { devices } = context.core.provisioning;
  const operation = message.applicationProperties.get('iotdps-operation-type');
  if (operation === 'iotdps-get-operationstatus') {
    const operationId = message.applicationProperties.get('iotdps-operation-id');
    return devices.status(credentials, typeof operationId === 'string' ? operationId : '');
  }
  if (operation !== 'iotdps-register')
    throw new HubError(
      'InvalidOperation',
      'iotdps-operation-type must be iotdps-register or iotdps-get-operationstatus.',
    );
  const text = textOf(message);
  const body = text.trim() === '' ? undefined : parseUntrustedJson(text);
  return devices.register({ ...credentials, body, remote: connection.remote.replace(/:\d+$/, '') });
}

/** The token is the password of SASL PLAIN; without a login the certificate counts. */
function credentialsOf(connection: AmqpConnection, address: RegistrationAddress): RegistrationCredentials {
  return { ...address, token: connection.login?.password, certificates: connection.certificates };
}

function textOf({ data, value }: AmqpMessage): string {
  if (data.length > 0) return Buffer.concat(data).toString('utf8');
  return typeof value === 'string' ? value : '';
}

function reply(
  shared: Replies,
  correlationId: MessageId | undefined,
  { operation, retryAfter }: OperationAnswer,
): void {
  if (shared.waiting.length >= mostWaiting) return;
  const applicationProperties = new Map<string, Writable>();
  if (retryAfter !== undefined) applicationProperties.set('retry-after', int(retryAfter));
  shared.waiting.push({
    properties: { correlationId, contentType: 'application/json' },
    applicationProperties,
    body: Buffer.from(JSON.stringify(operation)),
  });
  flush(shared);
}

/** Answers wait for credit. */
function flush({ link, waiting }: Replies): void {
  if (link === undefined) return;
  for (let message = waiting[0]; message !== undefined; message = waiting[0]) {
    if (!link.isOpen || link.credit === 0) return;
    waiting.shift();
    link.send(message);
  }
}

function refusalOf(context: AmqpContext, error: unknown): AmqpError {
  const isChallenge = error instanceof Error && error.name === 'TpmChallenge';
  const refused = isChallenge ? new HubError('IotHubUnauthorizedAccess', 'A TPM registers over HTTPS.') : error;
  const told = toAmqpError(refused, context);
  const isBusy = refused instanceof HubError && refused.status === 429;
  if (!isBusy) return told;
  return { ...told, info: new Map<string, Writable>([...(told.info ?? []), ['retry-after', int(busyRetrySeconds)]]) };
}
