/** Another hub, by its REST API, as one to assign devices to. Source: service.md §2, §3. */
import { HubError, hubErrors, type HubErrorSymbol } from '../../protocol/hub-errors.ts';
import type { DeviceIdentity } from '../../protocol/identity.ts';
import { createSasToken } from '../../protocol/sas-token.ts';
import { contentOf, type Twin } from '../../protocol/twin/index.ts';
import type { Clock } from '../../std/clock.ts';
import { isJsonObject } from '../../std/json.ts';
import { authenticationOf, credentialOf } from '../core/provisioning/local-hub.ts';
import type { LinkedHub } from '../core/provisioning/ports.ts';
import { exchange, type ExchangeAnswer } from './exchange.ts';

export interface RemoteHubOptions {
  readonly hostName: string;
  readonly sharedAccessKeyName: string;
  readonly sharedAccessKey: string;
  /** Where its API is when it is not `https://{hostName}`. */
  readonly serviceUrl?: string | undefined;
  /** PEM of the authority of its certificate. */
  readonly ca?: string | undefined;
  readonly weight?: number | undefined;
  readonly clock: Clock;
}

const apiVersion = '2021-04-12';
const tokenSeconds = 300;
const timeoutMs = 15_000;

export function createRemoteHub(options: RemoteHubOptions): LinkedHub {
  const { hostName, clock } = options;

  function ask(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: unknown, ifMatch?: string) {
    const token = createSasToken({
      resource: hostName.replace(/:\d+$/, ''),
      key: options.sharedAccessKey,
      keyName: options.sharedAccessKeyName,
      expiresAt: clock.now() / 1_000 + tokenSeconds,
    });
    const url = new URL(`${path}?api-version=${apiVersion}`, options.serviceUrl ?? `https://${hostName}`);
    const headers = { Authorization: token, ...(ifMatch !== undefined && { 'If-Match': ifMatch }) };
    return exchange({ method, url, headers, body, ca: options.ca, timeoutMs }).catch((error: unknown) => {
      throw new HubError('ServiceUnavailable', 'it cannot be reached.', { cause: String(error) });
    });
  }

  async function readJson<Value>(path: string): Promise<Value | undefined> {
    const answer = await ask('GET', path);
    if (answer.status === 404) return undefined;
    return JSON.parse(expected(answer)) as Value;
  }

  return {
    hostName,
    weight: options.weight ?? 1,
    async read(deviceId) {
      const id = encodeURIComponent(deviceId);
      const identity = await readJson<DeviceIdentity>(`/devices/${id}`);
      const twin = identity === undefined ? undefined : await readJson<Twin>(`/twins/${id}`);
      if (identity === undefined || twin === undefined) return undefined;
      return {
        deviceId,
        credential: credentialOf(identity),
        iotEdge: identity.capabilities.iotEdge,
        tags: twin.tags,
        desired: contentOf(twin.properties.desired),
      };
    },
    async create({ deviceId, credential, iotEdge, tags, desired }) {
      const device = {
        id: deviceId,
        importMode: 'create',
        status: 'enabled',
        authentication: authenticationOf(credential),
        capabilities: { iotEdge },
        tags,
        properties: { desired },
      };
      const answer = await ask('POST', '/devices', [device]);
      // A partly failed bulk answers 400 with its result (service.md §2.7).
      const error = firstError(answer.text);
      if (error !== undefined) throw error;
      expected(answer);
    },
    async setCredential(deviceId, credential, iotEdge) {
      const path = `/devices/${encodeURIComponent(deviceId)}`;
      const identity = await readJson<DeviceIdentity>(path);
      if (identity === undefined) throw new HubError('DeviceNotFound', `Device '${deviceId}' is not registered.`);
      const { status, statusReason, deviceScope, parentScopes } = identity;
      const authentication = authenticationOf(credential);
      const body = {
        deviceId,
        status,
        statusReason,
        authentication,
        capabilities: { iotEdge },
        deviceScope,
        parentScopes,
      };
      expected(await ask('PUT', path, body, '"*"'));
    },
    async delete(deviceId) {
      const answer = await ask('DELETE', `/devices/${encodeURIComponent(deviceId)}`, undefined, '"*"');
      if (answer.status !== 404) expected(answer);
    },
  };
}

function expected({ status, text }: ExchangeAnswer): string {
  if (status >= 200 && status < 300) return text;
  throw new HubError(status === 401 ? 'ServiceUnavailable' : 'ServerError', `it answered ${status}.`);
}

/** By symbol or by number. */
function symbolOf(code: unknown): HubErrorSymbol {
  const found = Object.entries(hubErrors).find(([symbol, number]) => symbol === code || number === Number(code));
  return (found?.[0] ?? 'ServerError') as HubErrorSymbol;
}

/** What a bulk request was refused with. */
function firstError(text: string): HubError | undefined {
  const result = parse(text);
  const errors = isJsonObject(result) && Array.isArray(result['errors']) ? result['errors'] : [];
  const [error] = errors;
  if (!isJsonObject(error)) return undefined;
  const { errorCode, errorStatus } = error;
  return new HubError(symbolOf(errorCode), typeof errorStatus === 'string' ? errorStatus : 'it refused the device.');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
