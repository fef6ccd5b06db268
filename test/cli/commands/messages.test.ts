import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/errors/index.ts';
import type { Hub } from '../../../src/fleet/ports.ts';
import { memoryHub } from '../../support/memory-hub.ts';
import { memoryMessages, queuedMessage, type MemoryMessages } from '../../support/memory-messages.ts';
import { type } from '../support/memory-rooms.ts';

function fleet(): { readonly hub: Hub; readonly memory: MemoryMessages } {
  const hub = memoryHub();
  for (const id of ['pump-1', 'pump-2', 'truck-1']) hub.add(id, { site: id.startsWith('pump') ? 'north' : 'south' });
  const memory = memoryMessages();
  return { hub: Object.assign(hub, { channel: memory.channel, messages: memory.messages }), memory };
}

describe('send-message', () => {
  test('sends text with everything the flags say, and shows the id', async () => {
    const { hub, memory } = fleet();
    const words = 'send-message pump-1 hello -p a=1 -p b=x=y --ack negative --message-id m1 --content-type text/plain';
    const { stdout, stderr, code } = await type(hub, [...words.split(' '), '--expiry', '10m', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ deviceId: 'pump-1', ok: true, messageId: 'm1', state: 'queued' });
    const [sent] = memory.sent;
    expect(sent?.identity).toBe('pump-1');
    expect(Buffer.from(sent?.message.body ?? []).toString()).toBe('hello');
    expect(sent?.message).toMatchObject({ ack: 'negative', messageId: 'm1', contentType: 'text/plain' });
    expect({ ...sent?.message.properties }).toEqual({ a: '1', b: 'x=y' });
  });

  test('reads the body from standard input', async () => {
    const { hub, memory } = fleet();
    await type(hub, ['send-message', 'pump-1', '-'], { stdin: 'from a pipe\n' });
    expect(Buffer.from(memory.sent[0]?.message.body ?? []).toString()).toBe('from a pipe\n');
  });

  test('with --wait asks for feedback and says that the device has it', async () => {
    const { hub, memory } = fleet();
    memory.onSend = (deviceId, { messageId = '' }) => memory.tell({ deviceId, originalMessageId: messageId });
    const { stdout, code } = await type(hub, ['send-message', 'pump-1', 'hello', '--wait', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, state: 'delivered' });
    expect(memory.sent[0]?.message.ack).toBe('full');
  });

  test.each([
    ['Expired', 6],
    ['Rejected', 1],
  ])('with --wait and the outcome %s ends with exit code %i', async (statusCode, exitCode) => {
    const { hub, memory } = fleet();
    memory.onSend = (deviceId, { messageId = '' }) =>
      memory.tell({ deviceId, originalMessageId: messageId, statusCode });
    const { stdout, code } = await type(hub, ['send-message', 'pump-1', 'hello', '--wait']);
    expect({ stdout, code }).toEqual({ stdout: '', code: exitCode });
  });

  test('to many devices gives a line for each, and exit code 7 when some failed', async () => {
    const { hub, memory } = fleet();
    memory.onSend = (identity) => {
      if (identity === 'pump-2') throw new Failure('quota-exceeded', 'the queue of pump-2 is full');
    };
    const { stdout, stderr, code } = await type(hub, ['send-message', 'pump-*', 'hello', '-o', 'ndjson']);
    expect(code).toBe(7);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { deviceId: 'pump-1', ok: true },
      { deviceId: 'pump-2', ok: false, error: { code: 'quota-exceeded' } },
    ]);
    expect(stderr).toContain('failed for 1 of 2 devices');
  });

  test('with --dry-run sends nothing', async () => {
    const { hub, memory } = fleet();
    const { stdout } = await type(hub, [
      'send-message',
      '--where',
      "tags.site = 'north'",
      'x',
      '--dry-run',
      '-o',
      'name',
    ]);
    expect(stdout).toBe('pump-1\npump-2\n');
    expect(memory.sent).toEqual([]);
  });

  test.each([
    [['send-message', 'pump-1'], 'the body is missing'],
    [['send-message', 'pump-1', 'x', '-p', 'novalue'], 'is not NAME=VALUE'],
    [['send-message', 'pump-1', 'x', '--wait', '--ack', 'positive'], '--ack cannot be positive'],
    [['send-message', '--from', '-', '-'], 'standard input cannot be both'],
    [['send-message', 'pump-1', 'x', '--expiry', '3d'], '--expiry'],
  ])('refuses %j', async (words, reason) => {
    const { hub, memory } = fleet();
    const { stderr, code } = await type(hub, words);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect(memory.sent).toEqual([]);
  });

  test('for a device that is not there ends with exit code 3 before anything is sent', async () => {
    const { hub, memory } = fleet();
    expect((await type(hub, ['send-message', 'pump-1', 'nobody', 'x'])).code).toBe(3);
    expect(memory.sent).toEqual([]);
  });
});

describe('message', () => {
  test('list shows what waits, and with --dead what was not delivered; peek shows bodies', async () => {
    const { hub, memory } = fleet();
    const evil = Buffer.from(JSON.stringify({ a: '\u001b[2J' })).toString('base64');
    memory.queues.set('pump-1', [
      queuedMessage({ sequenceNumber: 3, state: 'locked', body: evil }),
      queuedMessage({ sequenceNumber: 1, state: 'dead', reason: 'Rejected' }),
    ]);
    const listed = await type(hub, ['message', 'list', 'pump-1', '-o', 'json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ deviceId: 'pump-1', sequenceNumber: 3, state: 'locked' }]);
    expect(JSON.parse(listed.stdout)[0]).not.toHaveProperty('body');
    const dead = await type(hub, ['message', 'list', 'pump-*', '--dead']);
    expect(dead.stdout).toMatch(/pump-1\s+1\s+rejected/);
    const peeked = await type(hub, ['message', 'peek', 'pump-1', '-o', 'json']);
    expect(JSON.parse(peeked.stdout)).toMatchObject([{ body: { a: '\u001b[2J' } }]);
    expect((await type(hub, ['message', 'peek', 'pump-1'])).stdout).not.toContain('\u001b');
  });

  test('purge asks, empties queues and counts', async () => {
    const { hub, memory } = fleet();
    memory.queues.set('pump-1', [queuedMessage(), queuedMessage({ sequenceNumber: 2 })]);
    expect((await type(hub, ['message', 'purge', 'pump-1'])).code).toBe(2);
    expect(memory.queues.size).toBe(1);
    const { stdout, code } = await type(hub, ['message', 'purge', 'pump-*', '--yes', '-o', 'ndjson']);
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { deviceId: 'pump-1', result: 'purged', messages: 2 },
      { deviceId: 'pump-2', result: 'unchanged', messages: 0 },
    ]);
  });

  test('requeue sends dead messages once more, all or by number', async () => {
    const { hub, memory } = fleet();
    memory.queues.set(
      'pump-1',
      [1, 2, 3].map((sequenceNumber) => queuedMessage({ sequenceNumber, state: 'dead' })),
    );
    const some = await type(hub, ['message', 'requeue', 'pump-1', '--number', '1', '--number', '3', '-o', 'json']);
    expect(JSON.parse(some.stdout)).toMatchObject([{ result: 'requeued', messages: 2 }]);
    expect(JSON.parse((await type(hub, ['message', 'requeue', 'pump-1', '-o', 'json'])).stdout)).toMatchObject([
      { messages: 1 },
    ]);
    expect((await type(hub, ['message', 'requeue', 'pump-1', 'pump-2', '--number', '1'])).code).toBe(2);
  });
});
