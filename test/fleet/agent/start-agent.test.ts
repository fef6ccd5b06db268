import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  agentDeviceId,
  followAgent,
  parseDeviceConnectionString,
  provisionAgent,
  readAllowedScripts,
  type AgentReading,
  type FollowRequest,
} from '../../../src/fleet/agent/index.ts';
import { deviceIdProblem } from '../../../src/protocol/device-id.ts';
import { eventually, startTestHub, type TestHub } from '../../integration/test-hub.ts';
import { realClock } from '../../support/real-clock.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'iotctl-agent-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('an agent and a real hub', () => {
  let hub: TestHub;
  beforeEach(async () => {
    hub = await startTestHub();
  });
  afterEach(() => hub.close());

  async function follow(more: Partial<FollowRequest>): Promise<FollowRequest> {
    const { hostName, ports, caFile } = hub.info;
    let counter = 0;
    return {
      credentials: await provisionAgent(hub.client, 'agent-1', new AbortController().signal),
      address: { hostName, deviceUrl: `mqtts://localhost:${ports.mqtts}`, caFile },
      outboxRoot: directory,
      clock: realClock,
      random: () => 0.5,
      version: '1.2.3',
      intervalSeconds: 0.05,
      metrics: ['cpu'],
      scripts: new Map(),
      environment: {},
      once: false,
      readings: { take: async () => ({ n: ++counter }) },
      signal: new AbortController().signal,
      onNews: () => undefined,
      onEnd: () => undefined,
      ...more,
    };
  }

  async function stored(): Promise<number[]> {
    const found: number[] = [];
    for await (const { messages } of hub.client.telemetry.read({ from: 'earliest', follow: false })) {
      for (const { body } of messages) found.push((JSON.parse(new TextDecoder().decode(body)) as { n: number }).n);
    }
    return found;
  }

  test('once: a reading is taken, stored, and given to the reader', async () => {
    const readings: AgentReading[] = [];
    for await (const batch of followAgent(await follow({ once: true }))) readings.push(...batch);
    expect(readings).toMatchObject([{ deviceId: 'agent-1', body: { n: 2 } }]);
    expect(await stored()).toEqual([2]);
    expect((await hub.client.twins.get('agent-1')).tags).toEqual({ agent: true });
  });

  test('readings taken while the hub is down are stored after it is back: all, in order', async () => {
    const stop = new AbortController();
    let down = 0;
    let restarting: Promise<void> | undefined;
    let taken = 0;
    const request = await follow({ signal: stop.signal, onEnd: (summary) => (taken = summary.taken) });
    for await (const batch of followAgent(request)) {
      for (const { body, waiting } of batch) {
        if (restarting === undefined && Number(body['n']) >= 5) {
          restarting = hub.restart(() => eventually(async () => expect(down).toBeGreaterThan(8)));
        }
        if (waiting > 2) down = Math.max(down, waiting);
        if (down > 8 && waiting <= 1) stop.abort();
      }
    }
    await restarting;
    const numbers = await stored();
    const firstSeen = [...new Set(numbers)];
    expect(firstSeen).toEqual(firstSeen.toSorted((a, b) => a - b));
    expect(firstSeen.length).toBeGreaterThanOrEqual(taken - 1);
    expect(firstSeen[0]).toBe(1);
    expect(firstSeen.at(-1)).toBe(firstSeen.length);
  });
});

async function file(name: string, mode: number): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, mode);
  return path;
}

describe('allowed scripts', () => {
  test('are read as NAME=FILE, and the file may hold an equals sign', async () => {
    const path = await file('a=b', 0o700);
    expect(await readAllowedScripts([`backup=${path}`])).toEqual(new Map([['backup', path]]));
  });

  test.each(['backup', '=x', 'backup=relative/file', 'bad name=/bin/sh'])('%j is refused', async (pair) => {
    await expect(readAllowedScripts([pair])).rejects.toMatchObject({ code: 'invalid-value' });
  });

  test('one that is missing or cannot run is refused at the start', async () => {
    await expect(readAllowedScripts([`x=${join(directory, 'none')}`])).rejects.toMatchObject({ code: 'ENOENT' });
    const path = await file('plain', 0o600);
    await expect(readAllowedScripts([`x=${path}`])).rejects.toMatchObject({ code: 'EACCES' });
  });
});

test.each([
  ['Web-01.example.com', 'agent-web-01.example.com'],
  ['my host (new)', 'agent-my-host-new'],
  ['---', 'agent-host'],
  ['ü'.repeat(300), 'agent-host'],
  ['a'.repeat(300), `agent-${'a'.repeat(122)}`],
])('the host %j becomes the device %j', (host, deviceId) => {
  expect(agentDeviceId(host)).toBe(deviceId);
  expect(deviceIdProblem(deviceId)).toBeUndefined();
});

describe('a device’s connection string', () => {
  const key = 'SharedAccessKey=a2V5IG9mIHNpeHRlZW4gYnl0ZXM=';

  test('gives identity and address; a port is the one to connect to', () => {
    expect(parseDeviceConnectionString(`HostName=hub.example:9883;DeviceId=d1;${key}`)).toEqual({
      credentials: { hostName: 'hub.example', deviceId: 'd1', sharedAccessKey: 'a2V5IG9mIHNpeHRlZW4gYnl0ZXM=' },
      address: { hostName: 'hub.example:9883', deviceUrl: 'mqtts://hub.example:9883' },
    });
  });

  test('goes by the gateway where one is named', () => {
    const { address, credentials } = parseDeviceConnectionString(
      `HostName=hub.example;DeviceId=d1;${key};GatewayHostName=edge`,
    );
    expect(address.deviceUrl).toBe('mqtts://edge');
    expect(credentials.hostName).toBe('hub.example');
  });

  test.each([
    `HostName=h;SharedAccessKeyName=service;${key}`,
    `HostName=h;DeviceId=d;ModuleId=m;${key}`,
    'HostName=h;DeviceId=d;x509=true',
  ])('%j is refused without repeating the key', (text) => {
    let message = '';
    try {
      parseDeviceConnectionString(text);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).not.toBe('');
    expect(message).not.toContain('a2V5');
  });
});
