import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../harness/sandbox.ts';
import { freePorts } from './support/hub-box.ts';

let box: Sandbox;
const started: { kill(signal: NodeJS.Signals): unknown }[] = [];
beforeEach(async () => {
  box = await createSandbox();
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
  await box.remove();
});

async function startHub(): Promise<ReturnType<Sandbox['start']>> {
  const hub = box.start(['hub', 'start', ...freePorts]);
  started.push(hub.child);
  await hub.says('the hub is ready');
  return hub;
}

interface Shown {
  readonly deviceId: string;
  readonly messageId: string;
}

async function json<Value>(...words: string[]): Promise<Value> {
  const { stdout, stderr, code } = await box.run([...words, '-o', 'json']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Value;
}

test('messages that the hub has taken outlive a hub that is killed, in their order', async () => {
  const first = await startHub();
  await box.run(['provision', 'truck-1', 'truck-2']);
  const sent: Shown[] = [];
  for (const body of ['one', 'two', 'three']) sent.push(...(await json<Shown[]>('send-message', 'truck-*', body)));
  expect(sent).toHaveLength(6);
  first.child.kill('SIGKILL');
  await first.finished;
  await startHub();
  const kept = await json<Shown[]>('message', 'list', 'truck-*');
  const of = (list: readonly Shown[], id: string): string[] =>
    list.filter(({ deviceId }) => deviceId === id).map(({ messageId }) => messageId);
  for (const id of ['truck-1', 'truck-2']) expect(of(kept, id)).toEqual(of(sent, id));
  expect(await json<{ body: string }[]>('message', 'peek', 'truck-1')).toMatchObject([{ body: 'one' }]);
  const purged = await json<unknown[]>('message', 'purge', 'truck-1', '--yes');
  expect(purged).toMatchObject([{ deviceId: 'truck-1', messages: 3 }]);
  expect(await json<{ queuedMessages: number }>('device', 'show', 'truck-1')).toMatchObject({ queuedMessages: 0 });
});
