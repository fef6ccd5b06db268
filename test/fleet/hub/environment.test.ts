import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { connectionOfHub, environmentOf, formatEnvironment } from '../../../src/fleet/hub/index.ts';
import type { HubInfo } from '../../../src/hub/index.ts';

const info: HubInfo = {
  hostName: 'hub.local',
  ports: { mqtt: 1883, mqtts: null, amqp: 5672, amqps: null, http: 8080, https: 8443, operations: null },
  connectionString: 'HostName=hub.local;SharedAccessKeyName=iothubowner;SharedAccessKey=QUJD',
  eventHubConnectionString:
    'Endpoint=sb://localhost:5672;SharedAccessKeyName=service;SharedAccessKey=U1ZD;EntityPath=hub;UseDevelopmentEmulator=true',
  dps: {
    endpoint: 'hub.local',
    idScope: '0ne00000001',
    connectionString: 'HostName=hub.local;SharedAccessKeyName=provisioningserviceowner;SharedAccessKey=UVJT',
  },
  caFile: "/data/it's here/ca.pem",
  dataDir: "/data/it's here",
  pid: 42,
};

describe('the environment of a hub', () => {
  it('names what is there, and which value is a secret', () => {
    const variables = environmentOf(info);
    expect(variables.map(({ name }) => name)).toEqual([
      'NODE_EXTRA_CA_CERTS',
      'IOTHUB_CA_FILE',
      'IOTHUB_HOSTNAME',
      'IOTHUB_MQTT_PORT',
      'IOTHUB_AMQP_PORT',
      'IOTHUB_HTTP_PORT',
      'IOTHUB_HTTPS_PORT',
      'IOTHUB_CONNECTION_STRING',
      'IOTHUB_EVENT_HUB_CONNECTION_STRING',
      'IOTHUB_DPS_ENDPOINT',
      'IOTHUB_DPS_ID_SCOPE',
      'IOTHUB_DPS_CONNECTION_STRING',
      'IOTCTL_SERVICE_URL',
      'IOTCTL_DEVICE_URL',
      'IOTCTL_AMQP_URL',
      'IOTCTL_CA_FILE',
      'IOTCTL_CONNECTION_STRING',
    ]);
    expect(variables.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'IOTHUB_CONNECTION_STRING',
      'IOTHUB_EVENT_HUB_CONNECTION_STRING',
      'IOTHUB_DPS_CONNECTION_STRING',
      'IOTCTL_CONNECTION_STRING',
    ]);
  });

  it('when a shell takes it, then the values arrive as they are', () => {
    const hostile = [{ name: 'IOTHUB_CA_FILE', value: `a'b"c$HOME\`id\`\\d;e`, secret: false }];
    const script = `${formatEnvironment(hostile, 'sh')}printf %s "$IOTHUB_CA_FILE"`;
    expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(hostile[0]?.value);
  });

  it('has a form for fish, programs and workflows', () => {
    const one = [{ name: 'A', value: `it's \\ 1`, secret: false }];
    expect(formatEnvironment(one, 'fish')).toBe(String.raw`set -gx A 'it\'s \\ 1'` + '\n');
    expect(JSON.parse(formatEnvironment(one, 'json'))).toEqual({ A: `it's \\ 1` });
    expect(formatEnvironment([{ name: 'A', value: '1\nPATH=/evil', secret: false }], 'github')).toBe('A=1PATH=/evil\n');
  });

  it('is reached with TLS where the hub listens for it', () => {
    expect(connectionOfHub(info)).toMatchObject({
      serviceUrl: 'https://127.0.0.1:8443',
      deviceUrl: 'mqtt://localhost:1883',
      sharedAccessKeyName: 'iothubowner',
      sharedAccessKey: 'QUJD',
      caFile: info.caFile,
    });
    const { serviceUrl } = connectionOfHub({ ...info, ports: { ...info.ports, https: null } });
    expect(serviceUrl).toBe('http://127.0.0.1:8080');
  });
});
