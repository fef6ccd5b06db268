import { Failure } from '../../errors/index.ts';
import { isUntrustedCertificate } from '../../std/untrusted-certificate.ts';
import { openDevice, type DeviceConnection, type DeviceOptions } from './device-connection.ts';
import type { LinkState } from './link-keeper.ts';

export interface ConnectOptions extends DeviceOptions {
  /** How long the first connection may take, tries included; default 30 s. */
  readonly firstConnectMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Connects a device and resolves when the hub has accepted it. Failures: `not-authorised`, `tls-untrusted`,
 * `hub-unreachable` when no try worked in time, or the signal's reason; nothing is left open then.
 */
export async function connectDevice(options: ConnectOptions): Promise<DeviceConnection> {
  const device = openDevice(options);
  try {
    await firstConnection(device, options);
    return device;
  } catch (error) {
    await device.close();
    throw error;
  }
}

function firstConnection(device: DeviceConnection, options: ConnectOptions): Promise<void> {
  const { clock, signal, firstConnectMs = 30_000, endpoint } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const address = `${endpoint.host}:${endpoint.port}`;
  let last = 'no answer';
  const unlisten = device.onState((state) => {
    if (state.kind === 'connected') resolve();
    else {
      last = state.reason;
      const failure = hopeless(state, address);
      if (failure !== undefined) reject(failure);
    }
  });
  const cancel = clock.after(firstConnectMs, () =>
    reject(new Failure('hub-unreachable', `cannot connect to ${address}: ${last}`, { retryable: true })),
  );
  const onAbort = (): void => reject(signal?.reason as Error);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    unlisten();
    cancel();
    signal?.removeEventListener('abort', onAbort);
  });
}

/** The failure of a state that trying again does not mend; undefined while there is hope. */
export function hopeless(state: LinkState, address: string): Failure | undefined {
  if (state.kind === 'refused') return new Failure('not-authorised', state.reason);
  if (state.kind !== 'lost' || !isUntrustedCertificate(state.cause)) return undefined;
  return new Failure('tls-untrusted', `the certificate of ${address} is not trusted: ${state.reason}`, {
    cause: state.cause,
  });
}
