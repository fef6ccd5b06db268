/** The user name of an MQTT CONNECT. Source: device.md §1.4. */
import { percentDecode, splitPairs } from './pairs.ts';

export interface MqttUsername {
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Absent in the bare form; twin requests are then refused. */
  readonly apiVersion?: string;
  /** What the SDK says it is; informational. */
  readonly clientType?: string;
  /** DTMI of the device's model. */
  readonly modelId?: string;
}

const mqttApiVersion = '2021-04-12';

/** Parses all documented shapes; undefined when host or device is missing or there are more segments than an identity has. */
export function parseMqttUsername(text: string): MqttUsername | undefined {
  const segments = text.split('/');
  // `?` may stand in an id, so only one that opens a segment begins the parameters; some old clients wrote no `?` at all.
  const start = segments.findIndex(
    (segment, index) => index >= 2 && (segment.startsWith('?') || segment.includes('api-version=')),
  );
  const identity = (start < 0 ? segments : segments.slice(0, start)).slice();
  while (identity.length > 2 && identity.at(-1) === '') identity.pop();
  const [hostName, deviceId, moduleId] = identity;
  if (!hostName || !deviceId || moduleId === '' || identity.length > 3) return undefined;
  const parameters = readParameters(start < 0 ? '' : segments.slice(start).join('/'));
  const apiVersion = parameters.get('api-version');
  const clientType = parameters.get('DeviceClientType');
  const modelId = parameters.get('model-id');
  return {
    hostName,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(clientType === undefined ? {} : { clientType }),
    ...(modelId === undefined ? {} : { modelId }),
  };
}

/** Writes the user name in the form of the Node SDK, with every value encoded. */
export function formatMqttUsername(user: MqttUsername): string {
  const identity = user.moduleId === undefined ? user.deviceId : `${user.deviceId}/${user.moduleId}`;
  const parameters = [`api-version=${encodeURIComponent(user.apiVersion ?? mqttApiVersion)}`];
  if (user.modelId !== undefined && user.modelId !== '')
    parameters.push(`model-id=${encodeURIComponent(user.modelId)}`);
  if (user.clientType !== undefined) parameters.push(`DeviceClientType=${encodeURIComponent(user.clientType)}`);
  return `${user.hostName}/${identity}/?${parameters.join('&')}`;
}

function readParameters(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of splitPairs(text.startsWith('?') ? text.slice(1) : text)) {
    if (!values.has(name) && value !== undefined) values.set(name, percentDecode(value));
  }
  return values;
}
