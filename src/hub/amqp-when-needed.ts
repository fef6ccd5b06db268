import type { AmqpFront } from './amqp/index.ts';
import type { AmqpFrontOptions } from './amqp/front.ts';

/** The AMQP front, loaded with its first connection: a hub that nobody speaks AMQP to does not carry it. */
export function amqpWhenNeeded(options: AmqpFrontOptions): Pick<AmqpFront, 'accept' | 'close'> {
  let loading: Promise<AmqpFront> | undefined;
  let front: AmqpFront | undefined;
  let closing = false;
  return {
    accept(stream, peer) {
      if (front !== undefined) {
        front.accept(stream, peer);
        return;
      }
      // What arrives before the front is there waits in the stream.
      const onError = (): void => void stream.destroy();
      stream.once('error', onError);
      loading ??= import('./amqp/index.ts').then(({ createAmqpFront }) => createAmqpFront(options));
      const accepted = (loaded: AmqpFront): void => {
        front = loaded;
        stream.off('error', onError);
        if (closing) stream.destroy();
        else loaded.accept(stream, peer);
      };
      loading.then(accepted, (error: unknown) => {
        options.log.error({ err: error }, 'the AMQP front cannot be loaded');
        stream.destroy();
      });
    },
    async close() {
      closing = true;
      await (await loading)?.close();
    },
  };
}
