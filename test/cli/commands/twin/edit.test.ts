import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withSession, type Session } from '../../support/registry-rooms.ts';

interface Editing extends Session {
  /** Types `twin edit a …` at a terminal whose editor runs each script in turn; `$1` is the file, `$TURN` counts from 1. */
  readonly edit: (scripts: readonly string[], words?: readonly string[]) => ReturnType<Session['run']>;
  /** What the editor was shown, in its turn. */
  readonly shown: (turn: number) => string;
}

const withEditor = (work: (session: Editing) => Promise<void>) => (): Promise<void> =>
  withSession(async (session) => {
    const { directory, hub, run } = session;
    hub.add('a', {
      tags: { site: 'north' },
      desired: { interval: 5, limits: { low: 1, high: 9 } },
      reported: { cpu: 1 },
    });
    const edit: Editing['edit'] = (scripts, words = ['--yes']) => {
      const cases = scripts.map((script, index) => `${index + 1}) ${script} ;;`).join('\n');
      const editor = join(directory, 'editor.sh');
      const count = `TURN=$(( $(cat ${directory}/turn 2>/dev/null || echo 0) + 1 )); echo $TURN > ${directory}/turn`;
      writeFileSync(
        editor,
        `${count}\ncp "$1" ${directory}/shown.$TURN; echo "$1" > ${directory}/path\ncase $TURN in\n${cases}\n*) exit 9 ;;\nesac\n`,
      );
      chmodSync(editor, 0o700);
      return run(['twin', 'edit', 'a', ...words], { isTTY: true, env: { EDITOR: `sh ${editor}` } });
    };
    try {
      await work({ ...session, edit, shown: (turn) => readFileSync(join(directory, `shown.${turn}`), 'utf8') });
    } finally {
      // What was kept for the person is of no use to anybody here.
      if (existsSync(join(directory, 'path'))) rmSync(dirname(pathOf(session)), { recursive: true, force: true });
    }
  });

const pathOf = ({ directory }: Session): string => readFileSync(join(directory, 'path'), 'utf8').trim();

describe('twin edit', () => {
  test(
    'when something is changed, added and removed, then the differences are told and that alone is written',
    withEditor(async (session) => {
      const { edit, hub, shown } = session;
      const { code, stderr, stdout } = await edit([
        `sed -i -e 's/interval: 5/interval: 10/' -e '/low:/d' -e 's/site: north/site: north\\n  floor: 2/' "$1"`,
      ]);
      expect(stderr).toContain('~ desired.interval: 5 → 10');
      expect(stderr).toContain('- desired.limits.low: 1');
      expect(stderr).toContain('+ tags.floor: 2');
      expect({ code, written: stdout.includes('interval: 10') }).toEqual({ code: 0, written: true });
      expect(hub.stored.get('a')).toMatchObject({ tags: { site: 'north', floor: 2 }, reported: { cpu: 1 } });
      expect(hub.stored.get('a')?.desired).toEqual({ interval: 10, limits: { high: 9 } });
      expect(shown(1)).toMatch(/^# The tags and desired properties of a\./);
      expect(shown(1)).not.toContain('cpu');
      expect(existsSync(pathOf(session))).toBe(false);
    }),
  );

  test(
    'when the file is looked at, then only its owner can',
    withEditor(async (session) => {
      const { directory, edit } = session;
      await edit([`stat -c '%a' "$1" "$(dirname "$1")" > ${directory}/modes`]);
      expect(readFileSync(join(directory, 'modes'), 'utf8')).toBe('600\n700\n');
      expect(statSync(directory).isDirectory()).toBe(true);
    }),
  );

  test.each([
    ['saved as it was', 'true'],
    ['emptied', ': > "$1"'],
    ['left with its comment alone', `sed -i '/^[^#]/d' "$1"`],
  ])('when the text is %s, then nothing is written', (_, script) =>
    withEditor(async (session) => {
      const before = structuredClone(session.hub.stored.get('a'));
      const { code, stderr } = await session.edit([script]);
      expect({ code, told: stderr.includes('the twin of a stays as it is') }).toEqual({ code: 0, told: true });
      expect(session.hub.stored.get('a')).toEqual(before);
      expect(existsSync(pathOf(session))).toBe(false);
    })(),
  );

  test(
    'when the text cannot be understood, then it is opened again as it was written, with the reason above',
    withEditor(async ({ edit, hub, shown }) => {
      const { code } = await edit([
        `sed -i 's/interval: 5/interval: [5/' "$1"`,
        `sed -i 's/interval: .5/interval: 6/' "$1"`,
      ]);
      expect(code).toBe(0);
      expect(shown(2)).toContain('# THIS COULD NOT BE UNDERSTOOD:');
      expect(shown(2)).toContain('interval: [5');
      expect(hub.stored.get('a')?.desired).toMatchObject({ interval: 6 });
    }),
  );

  test(
    'when such a text is left as it is, then it is kept and its place told',
    withEditor(async (session) => {
      const { code, stderr } = await session.edit([`echo 'reported: {}' >> "$1"`, 'true']);
      expect(code).toBe(0);
      expect(stderr).toContain(`what you wrote is kept in ${pathOf(session)}`);
      expect(session.shown(2)).toContain('# THIS COULD NOT BE UNDERSTOOD:\n#   only tags and desired can be written');
      expect(readFileSync(pathOf(session), 'utf8')).toContain('reported: {}');
    }),
  );

  test(
    'when somebody else changes the twin meanwhile, then the editor opens again with both changes',
    withEditor(async (session) => {
      const { edit, hub, shown, run } = session;
      const patch = hub.twins.patch.bind(hub.twins);
      let others = 0;
      hub.twins.patch = async (identity, change, options) => {
        if (others++ === 0)
          await patch(identity, { tags: { site: 'south' }, properties: { desired: { interval: 7 } } });
        return patch(identity, change, options);
      };
      const { code } = await edit([`sed -i 's/interval: 5/interval: 10/' "$1"`, 'true']);
      expect(code).toBe(0);
      expect(shown(2)).toContain('# SOMEBODY ELSE CHANGED IT MEANWHILE.');
      expect(shown(2)).toContain('#   ~ desired.interval: 5 → 7');
      expect(shown(2)).toContain('#   ~ tags.site: "north" → "south"');
      expect(shown(2)).toContain('\n  interval: 10\n');
      expect(shown(2)).toContain('\n  site: south\n');
      expect(hub.stored.get('a')).toMatchObject({ tags: { site: 'south' }, desired: { interval: 10 } });
      expect((await run(['twin', 'show', 'a', '--section', 'tags', '-o', 'json'])).stdout).toContain('south');
    }),
  );

  test(
    'when the editor ends with an error, then the text is kept and its place told',
    withEditor(async (session) => {
      const { code, stderr } = await session.edit([`echo '# mine' >> "$1"; exit 3`]);
      expect(code).toBe(1);
      expect(stderr).toContain('ended with 3');
      expect(stderr).toContain(`what you wrote is kept in ${pathOf(session)}`);
      expect(readFileSync(pathOf(session), 'utf8')).toContain('# mine');
    }),
  );

  test(
    'when JSON is wanted, then JSON is edited; comments in it are left out',
    withEditor(async ({ edit, hub, shown }) => {
      const { code } = await edit([`sed -i 's/"interval": 5/"interval": 8/' "$1"`], ['--json', '--yes']);
      expect(code).toBe(0);
      expect(shown(1)).toContain('\n{\n  "tags": {\n');
      expect(hub.stored.get('a')?.desired).toMatchObject({ interval: 8 });
    }),
  );

  test(
    'when it is only to look, then the differences are the result and nothing is written',
    withEditor(async ({ edit, hub }) => {
      const words = ['--dry-run', '-o', 'json'];
      const { stdout } = await edit([`sed -i 's/interval: 5/interval: 8/' "$1"`], words);
      expect(JSON.parse(stdout)).toEqual([{ path: 'desired.interval', kind: 'changed', left: 5, right: 8 }]);
      expect(hub.stored.get('a')?.desired).toMatchObject({ interval: 5 });
    }),
  );

  test(
    'when there is no terminal, then that is a mistake in usage, and what helps is named',
    withEditor(async ({ run }) => {
      const { code, stderr } = await run(['twin', 'edit', 'a', '--yes']);
      expect(code).toBe(2);
      expect(stderr).toContain('iotctl twin set a NAME=VALUE');
    }),
  );
});
