import { describe, expect, test } from 'vitest';
import { doors, hubFronts, packageImports, roomImports } from './rules.ts';
import { readSources, type Import, type SourceFile } from './source-files.ts';

const sources = readSources('src');

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** `@scope/name` or `name`; undefined for our own files and Node's modules. */
function packageOf({ specifier, target }: Import): string | undefined {
  if (target !== undefined || specifier.startsWith('node:')) return undefined;
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

function allowedPackages(path: string): readonly string[] {
  const owners = Object.keys(packageImports).filter((owner) => path === owner || path.startsWith(`${owner}/`));
  const [closest] = owners.toSorted((a, b) => b.length - a.length);
  return closest === undefined ? [] : (packageImports[closest] ?? []);
}

/** One line for each violation: the file, what it does, and the rule. */
function violations(check: (file: SourceFile) => readonly string[], files: readonly SourceFile[] = sources): string[] {
  return files.flatMap((file) => check(file).map((problem) => `${file.path}: ${problem}`));
}

describe('layers', () => {
  test('there is something to check', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.flatMap((file) => file.imports).length).toBeGreaterThan(100);
  });

  test('a room imports only the rooms below it', () => {
    const found = violations((file) => {
      const room = roomOf(file.path);
      const allowed = roomImports[room];
      if (allowed === undefined) return [`the room "${room}" is not in the rules`];
      return file.imports
        .filter(({ target }) => target?.startsWith('src/') === true)
        .map(({ target = '' }) => ({ target, entered: roomOf(target) }))
        .filter(({ entered }) => entered !== room && !allowed.includes(entered))
        .map(({ target }) => `imports ${target}, but ${room} may enter only ${allowed.join(', ') || 'no other room'}`);
    });
    expect(found).toEqual([]);
  });

  test('client, hub and device are entered by their doors', () => {
    const found = violations((file) =>
      file.imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ target = '' }) => ({ target, entered: roomOf(target) }))
        .filter(
          ({ target, entered }) =>
            doors.includes(entered) && entered !== roomOf(file.path) && target !== `src/${entered}/index.ts`,
        )
        .map(({ target, entered }) => `imports ${target}, but ${entered} is entered by its index.ts`),
    );
    expect(found).toEqual([]);
  });

  test('the command line loads client, hub and device only when a command needs them', () => {
    const found = violations((file) =>
      roomOf(file.path) === 'cli'
        ? file.imports
            .filter(({ target, typeOnly, lazy }) => !typeOnly && !lazy && doors.includes(roomOf(target ?? '')))
            .map(({ target = '' }) => `loads ${target} at start`)
        : [],
    );
    expect(found).toEqual([]);
  });

  test('a room uses only the packages it is given', () => {
    const found = violations((file) =>
      file.imports
        .map(packageOf)
        .filter((name) => name !== undefined)
        .filter((name) => !allowedPackages(file.path).includes(name))
        .map((name) => `uses the package ${name}; allowed here: ${allowedPackages(file.path).join(', ') || 'none'}`),
    );
    expect(found).toEqual([]);
  });

  test('src imports nothing outside src', () => {
    const found = violations((file) =>
      file.imports
        .filter(({ target }) => target !== undefined && !target.startsWith('src/'))
        .map(({ target = '' }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test('a front of the hub knows neither another front nor the store', () => {
    const found = violations((file) => {
      const own = hubFronts.find((front) => file.path.startsWith(`${front}/`));
      if (own === undefined) return [];
      const closed = [...hubFronts.filter((front) => front !== own), 'src/hub/store'];
      return file.imports
        .filter(({ target }) => closed.some((folder) => target?.startsWith(`${folder}/`) === true))
        .map(({ target = '' }) => `imports ${target}, but a front meets only the core`);
    });
    expect(found).toEqual([]);
  });

  test('hub/core imports only itself, protocol, errors and std', () => {
    const found = violations((file) =>
      file.path.startsWith('src/hub/core/')
        ? file.imports
            .filter(({ target }) => target !== undefined && !/^src\/(hub\/core|protocol|errors|std)\//.test(target))
            .map(({ target = '' }) => `imports ${target}, but the core knows no front, store or listener`)
        : [],
    );
    expect(found).toEqual([]);
  });

  test('commands do not import each other', () => {
    const found = violations((file) =>
      file.path.startsWith('src/cli/commands/') && file.path !== 'src/cli/commands/index.ts'
        ? file.imports
            .filter(({ target, lazy }) => target?.startsWith('src/cli/commands/') === true && !lazy)
            .map(
              ({ target = '' }) => `imports ${target}; what two commands share lives beside them, not in one of them`,
            )
        : [],
    );
    expect(found).toEqual([]);
  });
});

describe('habits', () => {
  test('only main.ts, system.ts and the entry files of workers touch the process', () => {
    // Programs that were started here are ended with all they have started, which only a signal to their group does.
    const exempt = new Set(['src/main.ts', 'src/system.ts', 'src/std/process-group.ts']);
    const found = violations((file) => {
      if (exempt.has(file.path) || /-(worker|process)\.ts$/.test(file.path)) return [];
      const imported = file.imports.some(({ specifier }) => specifier === 'node:process' || specifier === 'process');
      const used = /(?<![.\w])process\.(?!nextTick\b)[a-z]/.test(file.code);
      return imported || used ? ['touches process; take what it needs from the system'] : [];
    });
    expect(found).toEqual([]);
  });

  test('only system.ts and the entry files of workers read the real clock', () => {
    const found = violations((file) =>
      file.path !== 'src/system.ts' &&
      !file.path.endsWith('-worker.ts') &&
      /\bDate\.now\(|\bperformance\.now\(|new Date\(\)/.test(file.code)
        ? ['reads the real clock; take a Clock']
        : [],
    );
    expect(found).toEqual([]);
  });

  test('only system.ts calls Math.random', () => {
    const found = violations((file) =>
      file.path !== 'src/system.ts' && /\bMath\.random\b/.test(file.code)
        ? ['calls Math.random; take randomness as an argument']
        : [],
    );
    expect(found).toEqual([]);
  });

  test('nothing is exported by default', () => {
    const found = violations((file) =>
      /^export default\b|\bas default\b/m.test(file.code) ? ['has a default export'] : [],
    );
    expect(found).toEqual([]);
  });

  test('nothing is of type any', () => {
    const found = violations((file) => (/[:<|&]\s*any\b|\bas any\b/.test(file.code) ? ['uses any'] : []));
    expect(found).toEqual([]);
  });

  test('no module keeps a variable that changes', () => {
    const found = violations((file) =>
      /^(?:export )?(?:let|var)\s/m.test(file.code) ? ['has a module variable that changes'] : [],
    );
    expect(found).toEqual([]);
  });

  test('nothing prints to the console', () => {
    const found = violations((file) =>
      /\bconsole\.\w+\(/.test(file.code) ? ['prints; only the runner writes to the streams'] : [],
    );
    expect(found).toEqual([]);
  });

  test.each([
    [
      'src/cli/run.ts',
      ['inquirer', 'mqtt', 'fastify', '@peculiar/x509', 'systeminformation', 'conf', '@napi-rs/keyring'],
    ],
    // 4 MB of a hub that runs.
    ['src/fleet/hub/index.ts', ['zod']],
  ])('%s loads costly packages when they are needed', (entry, costly) => {
    const eager = eagerGraph(entry);
    const found = violations(
      (file) =>
        file.imports
          .filter((imported) => !imported.lazy && !imported.typeOnly && costly.includes(packageOf(imported) ?? ''))
          .map(({ specifier }) => `loads ${specifier} at start`),
      sources.filter((file) => eager.has(file.path)),
    );
    expect(found).toEqual([]);
  });

  test('file names are kebab-case', () => {
    const found = violations((file) =>
      /^src(\/[a-z0-9_-]+)+\.ts$/.test(file.path) ? [] : ['is not named in kebab-case'],
    );
    expect(found).toEqual([]);
  });
});

/** The files that are loaded together with one, before any lazy import. */
function eagerGraph(entry: string): Set<string> {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { target, lazy, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined && !lazy && !typeOnly) waiting.push(target);
    }
  }
  return seen;
}
