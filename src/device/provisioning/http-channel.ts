/** Registration over HTTPS. Source: device.md §5.5. */
import type { IncomingMessage } from 'node:http';
import { provisioningApiVersion, registrationPath } from '../../protocol/provisioning/index.ts';
import { tlsOf, type ChannelOptions, type RegistrationChannel, type RegistrationReply } from './channel.ts';

const largestAnswer = 256 * 1024;

export function openHttpChannel(options: ChannelOptions): Promise<RegistrationChannel> {
  const base = `/${registrationPath({ ...options, registrationId: encodeURIComponent(options.registrationId) })}`;
  return Promise.resolve({
    register: (body) => exchange(options, 'PUT', `${base}/register`, body),
    status: (operationId) =>
      exchange(options, 'GET', `${base}/operations/${encodeURIComponent(operationId)}`, undefined),
    close: () => Promise.resolve(),
  });
}

async function exchange(
  options: ChannelOptions,
  method: string,
  path: string,
  body: string | undefined,
): Promise<RegistrationReply> {
  const { endpoint, token, clientVersion, timeoutMs, signal } = options;
  const { request } = endpoint.tls ? await import('node:https') : await import('node:http');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({
      ...tlsOf(options),
      host: endpoint.host,
      port: endpoint.port,
      method,
      path: `${path}?api-version=${provisioningApiVersion}`,
      headers: {
        'User-Agent': clientVersion,
        Accept: 'application/json',
        ...(token !== undefined && { Authorization: token }),
        ...(body !== undefined && {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Length': Buffer.byteLength(body),
        }),
      },
      timeout: timeoutMs,
      ...(signal && { signal }),
      agent: false,
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('the service did not answer in time')));
    outgoing.on('error', reject);
    outgoing.on('response', resolve);
    outgoing.end(body);
  });
  return { status: response.statusCode ?? 0, retryAfter: retryAfterOf(response), body: await readText(response) };
}

function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const text = headers['retry-after'] ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestAnswer) throw new Error('the answer is too large for a registration');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
