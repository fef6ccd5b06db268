import type { EventContext, Message } from 'rhea';
import { Failure } from '../../errors/index.ts';
import { sleep, type Clock } from '../../std/clock.ts';
import type { Authorizer } from '../authorization.ts';
import type { AmqpConnection } from './amqp-connection.ts';

export interface TokenExchange {
  /** Puts a token on the connection. Failure: not-authorised. */
  authorise(signal?: AbortSignal): Promise<void>;
  /** Renews the token for as long as the connection lives; what fails there ends the connection. */
  keep(): void;
}

const address = '$cbs';
const answerTimeoutMs = 30_000;
/** Renewed when this share of its life is over. Source: service.md §8.2. */
const renewAfter = 0.75;

/** Claims-based security: a token is put on the connection before its links are opened. Source: service.md §8.2. */
export async function openTokenExchange(
  connection: AmqpConnection,
  { authorizer, clock, hostName }: { authorizer: Authorizer; clock: Clock; hostName: string },
): Promise<TokenExchange> {
  const receiver = await connection.openReceiver({ source: { address }, credit_window: 10, autoaccept: true });
  const sender = await connection.openSender({ target: { address } });
  let renewAt = 0;
  let number = 0;

  function answerTo(id: string): Promise<Message> {
    return new Promise((resolve, reject) => {
      const cancel = clock.after(answerTimeoutMs, () => {
        receiver.removeListener('message', listen);
        reject(new Failure('hub-unreachable', `${hostName} did not answer to the token in time`, { retryable: true }));
      });
      const listen = ({ message }: EventContext): void => {
        if (message === undefined || String(message['correlation_id']) !== id) return;
        cancel();
        receiver.removeListener('message', listen);
        resolve(message);
      };
      receiver.on('message', listen);
    });
  }

  async function authorise(signal?: AbortSignal): Promise<void> {
    const { value, expiresAt } = await authorizer.authorize(signal);
    const id = `token-${++number}`;
    const answer = answerTo(id);
    sender.send({
      to: address,
      reply_to: 'cbs',
      message_id: id,
      application_properties: {
        operation: 'put-token',
        type: 'servicebus.windows.net:sastoken',
        name: authorizer.audience,
      },
      body: value,
    });
    const { application_properties: result } = (await connection.whileOpen(answer)) as {
      application_properties?: Readonly<Record<string, unknown>>;
    };
    const status = Number(result?.['status-code']);
    if (!(status >= 200 && status < 300)) throw refused(hostName, status, result?.['status-description']);
    renewAt = clock.now() + Math.max((expiresAt - clock.now()) * renewAfter, 1_000);
  }

  async function renew(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      await sleep(clock, Math.max(renewAt - clock.now(), 1_000), stopped);
      await authorise();
    }
  }

  return {
    authorise,
    keep() {
      const stopping = new AbortController();
      void connection.lost.then(() => stopping.abort());
      // Without a new token the hub ends the links; the connection is made anew then.
      renew(stopping.signal).catch(() => connection.close());
    },
  };
}

function refused(hostName: string, status: number, description: unknown): Failure {
  const reason = typeof description === 'string' && description !== '' ? `: ${description}` : '';
  const code = status >= 500 ? 'hub-failed' : 'not-authorised';
  return new Failure(code, `${hostName} refused the token of this profile${reason}`, {
    hint: 'the key is wrong or its policy lacks a permission: iotctl doctor',
    details: { status },
    retryable: status >= 500,
  });
}
