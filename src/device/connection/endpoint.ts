import { Failure } from '../../errors/index.ts';
import type { DeviceEndpoint } from './link.ts';

/**
 * Reads `mqtts://host[:8883]`, or `mqtt://host[:1883]` for a connection without TLS.
 * @param ca PEM of the CA that signs the hub's certificate
 */
export function parseEndpoint(url: string, ca?: string): DeviceEndpoint {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const tls = parsed?.protocol === 'mqtts:';
  if (parsed === undefined || parsed.hostname === '' || (!tls && parsed.protocol !== 'mqtt:')) {
    throw new Failure('invalid-value', `"${url}" is not an MQTT address`, { hint: 'write mqtts://HOST:8883' });
  }
  const port = parsed.port === '' ? (tls ? 8_883 : 1_883) : Number(parsed.port);
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port, tls, ...(ca === undefined ? {} : { ca }) };
}
