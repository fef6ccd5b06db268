import { expect, test } from 'vitest';
import { commandTable } from '../../../../src/cli/commands/index.ts';
import type { Rooms } from '../../../../src/cli/rooms.ts';
import { run } from '../../../../src/cli/run.ts';
import { registryHub, type RegistryHub } from '../../../support/registry-hub.ts';
import { emptyRooms, fakeSystem, type FakeSystem } from '../../support/fake-terminal.ts';

function start(words: readonly string[], isTTY = false): { system: FakeSystem; hub: RegistryHub; end: Promise<void> } {
  const hub = registryHub();
  hub.add('a');
  hub.add('b');
  const rooms: Rooms = {
    ...emptyRooms,
    connectHub: async () => hub,
    resolveConnection: async () => ({
      name: 'm',
      kind: 'local',
      auth: 'key',
      hostName: 'memory',
      sharedAccessKeyName: 's',
      sharedAccessKey: 'a2V5',
      source: 'flag',
    }),
  };
  const system = fakeSystem({ argv: ['device', 'watch', ...words], env: { NO_COLOR: '1' }, isTTY });
  return { system, hub, end: run(system, rooms, commandTable) };
}

async function until(system: FakeSystem, text: string): Promise<void> {
  while (!system.stderr.text.includes(text)) await new Promise((resolve) => setTimeout(resolve, 2));
}

test('when a device connects, then a pipe gets one JSON line and --count ends it', async () => {
  const { system, hub, end } = start(['--count', '1', '--interval', '1s']);
  await until(system, 'watching 2 devices on memory');
  hub.add('b', { identity: { connectionState: 'Connected' } });
  await system.clock.advance(1000);
  await end;
  expect(system.exits).toEqual([0]);
  expect(JSON.parse(system.stdout.text)).toEqual({
    time: '2026-01-01T00:00:01.000Z',
    deviceId: 'b',
    change: 'connected',
    status: 'enabled',
    connectionState: 'Connected',
    lastActivityTime: null,
  });
});

test('when it is a terminal, then changes are readable lines', async () => {
  const { system, hub, end } = start(['--count', '1', '--interval', '1s'], true);
  await until(system, 'watching');
  hub.stored.delete('a');
  await system.clock.advance(1000);
  await end;
  expect(system.stdout.text).toBe('00:00:01  a  deleted\n');
});

test.each([
  [[], 0],
  [['--count', '3'], 124],
])('when the time is up with %j, then the exit code is %d', async (words, code) => {
  const { system, end } = start([...words, '--timeout', '5s']);
  await until(system, 'watching');
  await system.clock.advance(5000);
  await end;
  expect(system.exits).toEqual([code]);
  expect(system.stdout.text).toBe('');
});

test('when Ctrl-C comes, then it ends with 130', async () => {
  const { system, end } = start([]);
  await until(system, 'watching');
  system.send('SIGINT');
  await end;
  expect(system.exits).toEqual([130]);
});

test('when a device or a glob has nothing to watch yet, then that is told, and it is watched all the same', async () => {
  const { system, hub, end } = start(['a', 'nosuch', 'truck-*', '--count', '1', '--interval', '1s']);
  await until(system, 'no device matches truck-* yet');
  expect(system.stderr.text).toContain('there is no device nosuch yet');
  expect(system.stderr.text).not.toContain('no device a ');
  hub.add('nosuch');
  await system.clock.advance(1000);
  await end;
  expect(system.stdout.text).toContain('"deviceId":"nosuch"');
});
