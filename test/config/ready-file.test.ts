import { describe, expect, test } from 'vitest';
import { parseReadyFile } from '../../src/config/ready-file.ts';

const connectionString = 'HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5a2V5a2V5a2V5a2V5';
const ready = { hostName: 'localhost', connectionString, caFile: '/data/ca.pem', dataDir: '/data', pid: 1 };

describe("a hub's ready file", () => {
  test('tells where the hub is and whom to trust', () => {
    const ports = { mqtt: 1, mqtts: 2, http: 3, https: 4, amqp: 5, amqps: 6 };
    expect(parseReadyFile(JSON.stringify({ ...ready, ports }))).toEqual({
      connectionString,
      serviceUrl: 'https://127.0.0.1:4',
      deviceUrl: 'mqtts://localhost:2',
      amqpUrl: 'amqps://127.0.0.1:6',
      caFile: '/data/ca.pem',
    });
  });

  test('gives the plain ports where there is no TLS', () => {
    const ports = { mqtt: 1, mqtts: null, http: 3, https: null };
    expect(parseReadyFile(JSON.stringify({ ...ready, ports }))).toMatchObject({
      serviceUrl: 'http://127.0.0.1:3',
      deviceUrl: 'mqtt://localhost:1',
    });
  });

  test.each([connectionString, '', '{', '{}', '{"connectionString": 1}', '[]', 'null'])('is not %j', (text) => {
    expect(parseReadyFile(text)).toBeUndefined();
  });
});
