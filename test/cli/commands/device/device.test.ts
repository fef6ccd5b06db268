import { describe, expect, test } from 'vitest';
import { withSession, type Session } from '../../support/registry-rooms.ts';

/** The fake terminal's clock stands at 2026-01-01T00:00Z. */
function fill({ hub }: Session): void {
  hub.add('pump-1', {
    tags: { site: 'north' },
    identity: { connectionState: 'Connected', lastActivityTime: '2025-12-31T23:50:00Z' },
  });
  hub.add('pump-2', {
    tags: { site: 'south\u001b[2J', floor: 2 },
    identity: { status: 'disabled', statusReason: 'stolen' },
  });
  hub.add('truck-1', { desired: { interval: 5 }, reported: { interval: 6 } });
}

const filled =
  (work: (session: Session) => Promise<void>, part?: Parameters<typeof withSession>[1]) => (): Promise<void> =>
    withSession(async (session) => {
      fill(session);
      await work(session);
    }, part);

describe('device list', () => {
  test(
    'when it is written to a pipe, then the columns are plain and control characters are visible escapes',
    filled(async ({ run }) => {
      expect(await run(['device', 'list'])).toEqual({
        code: 0,
        stderr: '',
        stdout: [
          'DEVICE   STATUS    CONNECTION    LAST ACTIVITY  TAGS',
          'pump-1   enabled   connected           10m ago  site=north',
          'pump-2   disabled  disconnected          never  site=south\\x1b[2J floor=2',
          'truck-1  enabled   disconnected          never',
          '',
        ].join('\n'),
      });
    }),
  );

  test(
    'when it is written to a terminal, then it is a table of the same rows',
    filled(async ({ run }) => {
      const { stdout, code } = await run(['device', 'list', 'pump-*'], { isTTY: true, columns: 100 });
      expect(code).toBe(0);
      expect(stdout).toContain('DEVICE');
      expect(stdout.match(/pump-\d/g)).toEqual(['pump-1', 'pump-2']);
      expect(stdout).not.toContain('\u001b[2J');
    }),
  );

  test(
    'when JSON is asked for, then the keys are the documented ones',
    filled(async ({ run }) => {
      const { stdout } = await run(['device', 'list', 'pump-1', '-o', 'json']);
      expect(JSON.parse(stdout)).toEqual([
        {
          deviceId: 'pump-1',
          status: 'enabled',
          statusReason: null,
          connectionState: 'Connected',
          lastActivityTime: '2025-12-31T23:50:00Z',
          tags: { site: 'north' },
        },
      ]);
    }),
  );

  test(
    'when names are asked for with a condition and a limit, then ids come one a line',
    filled(async ({ run }) => {
      expect((await run(['device', 'list', '--where', "status = 'enabled'", '-o', 'name', '--top', '1'])).stdout).toBe(
        'pump-1\n',
      );
    }),
  );

  test(
    'when nothing matches, then stdout is an empty list and a note says so',
    filled(async ({ run }) => {
      expect(await run(['device', 'list', 'none-*', '-o', 'json'])).toMatchObject({ code: 0, stdout: '[]\n' });
      expect((await run(['device', 'list', 'none-*', 'no-*'])).stderr).toContain('no device matches none-* no-*\n');
      expect((await run(['device', 'list', 'none-*', '--where', "status = 'disabled'"])).stderr).toContain(
        `no device matches none-* --where "status = 'disabled'"\n`,
      );
    }),
  );

  test('when there are no devices at all, then a note says how to make some', () =>
    withSession(async ({ run }) => {
      const env = { IOTCTL_CONNECTION_STRING: 'HostName=memory;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5' };
      expect((await run(['device', 'list'], { env })).stderr).toContain('no devices; iotctl provision makes some');
    }));
});

describe('device show', () => {
  test(
    'when it is asked for, then everything but the keys is shown',
    filled(async ({ run }) => {
      const { stdout, code } = await run(['device', 'show', 'truck-1']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Device: +truck-1\n/);
      expect(stdout).toContain('Desired:\n  interval: 5\nReported:\n  interval: 6\n');
      expect(stdout).not.toMatch(/key|cHJpbWFyeQ/i);
    }),
  );

  test(
    'when secrets are asked for, then the connection string can be picked',
    filled(async ({ run }) => {
      const { stdout } = await run(['device', 'show', 'pump-1', '--show-secrets', '--query', 'connectionString']);
      expect(stdout).toBe('HostName=devices.example;DeviceId=pump-1;SharedAccessKey=cHJpbWFyeQ==\n');
    }),
  );

  test(
    'when the device does not exist, then exit 3 and nothing on stdout',
    filled(async ({ run }) => {
      expect(await run(['device', 'show', 'nobody'])).toMatchObject({ code: 3, stdout: '' });
    }),
  );
});

describe('changing many', () => {
  test(
    'when there is no terminal and no --yes, then the question names the number and nothing happens',
    filled(async ({ run, hub }) => {
      const { code, stderr, stdout } = await run(['device', 'delete', 'pump-*']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('Delete 2 devices on memory (pump-1, pump-2)?');
      expect(stderr).toContain('--yes');
      expect(hub.stored.size).toBe(3);
    }),
  );

  test(
    'when --yes is given, then each device has its line and the rest stays',
    filled(async ({ run, hub }) => {
      const { code, stdout, stderr } = await run(['device', 'delete', 'pump-*', '--yes']);
      expect(code).toBe(0);
      expect(stdout).toBe('DEVICE  RESULT   REASON\npump-1  deleted\npump-2  deleted\n');
      expect(stderr).toContain('2 deleted');
      expect([...hub.stored.keys()]).toEqual(['truck-1']);
    }),
  );

  test(
    'when it is a dry run, then the devices are named and no change is sent',
    filled(async ({ run, hub }) => {
      const { stdout, code } = await run(['device', 'disable', 'pump-*', '--dry-run', '-o', 'json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual([
        { deviceId: 'pump-1', ok: true, result: 'planned', dryRun: true },
        { deviceId: 'pump-2', ok: true, result: 'planned', dryRun: true },
      ]);
      expect(hub.calls.filter((call) => call.startsWith('put'))).toEqual([]);
    }),
  );

  test(
    'when some fail, then the others are done and the exit code is 7',
    filled(async ({ run, hub }) => {
      hub.before = (call) => {
        if (call === 'put truck-1') hub.stored.delete('truck-1');
      };
      const { code, stdout, stderr } = await run([
        'device',
        'disable',
        '--where',
        "status = 'enabled'",
        '--yes',
        '--reason',
        'audit',
        '-o',
        'ndjson',
      ]);
      expect(code).toBe(7);
      const lines = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { deviceId: string; ok: boolean });
      expect(Object.fromEntries(lines.map(({ deviceId, ok }) => [deviceId, ok]))).toEqual({
        'pump-1': true,
        'truck-1': false,
      });
      expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        error: { code: 'partial', details: { failed: 1, total: 2 } },
      });
      expect(hub.stored.get('pump-1')?.identity).toMatchObject({ status: 'disabled', statusReason: 'audit' });
    }),
  );

  test(
    'when one of the named devices does not exist, then nothing is changed at all',
    filled(async ({ run, hub }) => {
      expect((await run(['device', 'delete', 'pump-1', 'pump-9', '--yes'])).code).toBe(3);
      expect(hub.stored.size).toBe(3);
    }),
  );

  test(
    'when ids come from standard input, then those are changed',
    filled(async ({ run, hub }) => {
      expect((await run(['device', 'delete', '--from', '-', '--yes'], { stdin: 'pump-2\ntruck-1\n' })).code).toBe(0);
      expect([...hub.stored.keys()]).toEqual(['pump-1']);
    }),
  );

  test(
    'when one device is disabled, then nobody asks; when it is deleted, somebody does',
    filled(async ({ run }) => {
      expect((await run(['device', 'disable', 'pump-1'])).code).toBe(0);
      expect((await run(['device', 'delete', 'pump-1'])).code).toBe(2);
    }),
  );

  test(
    'when the profile is protected, then even one device needs the name of the profile',
    filled(
      async ({ run }) => {
        const { code, stderr } = await run(['device', 'enable', 'pump-2', '--yes']);
        expect(code).toBe(2);
        expect(stderr).toContain('--confirm memory');
        expect((await run(['device', 'enable', 'pump-2', '--confirm', 'memory'])).code).toBe(0);
      },
      { protected: true },
    ),
  );

  test(
    'when nothing matches or nothing is named, then that is said',
    filled(async ({ run }) => {
      expect((await run(['device', 'delete', 'none-*', '--yes'])).code).toBe(3);
      expect((await run(['device', 'delete', '--yes'])).code).toBe(2);
    }),
  );
});
