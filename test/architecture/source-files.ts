import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** One import or re-export of a source file. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path in the repository for our own files, undefined for packages and Node's modules. */
  readonly target: string | undefined;
  /** `import type` and `export type`: gone at run time. */
  readonly typeOnly: boolean;
  /** `import('…')` inside a function. */
  readonly lazy: boolean;
}

export interface SourceFile {
  /** Path in the repository, with slashes. */
  readonly path: string;
  /** The text without comments. */
  readonly text: string;
  /** The text without comments, and without the contents of strings. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** Every TypeScript file below a folder of the repository. */
export function readSources(folder: string): SourceFile[] {
  const root = join(repository, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readSource(join(root, name)));
}

function readSource(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const path = relative(repository, file).replaceAll('\\', '/');
  const bare = withoutComments(text);
  return { path, text: bare, code: withoutCommentsAndStrings(text), imports: findImports(bare, file) };
}

const tokens = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;

function withoutComments(text: string): string {
  return text.replace(tokens, (token) => (token.startsWith('/') ? ' ' : token));
}

function withoutCommentsAndStrings(text: string): string {
  // Template text keeps its placeholders, since code hides in them.
  return text.replace(tokens, (token) =>
    token.startsWith('/') ? ' ' : token.startsWith('`') ? placeholders(token) : "''",
  );
}

function placeholders(template: string): string {
  return [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, code]) => code).join(' ') || "''";
}

function findImports(code: string, file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, lazy: boolean): void => {
    const own = specifier.startsWith('.');
    const target = own ? relative(repository, join(dirname(file), specifier)).replaceAll('\\', '/') : undefined;
    found.push({ specifier, target, typeOnly, lazy });
  };
  for (const match of code.matchAll(/^\s*(import|export)\s+(type\s+)?(?:[^'"();]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)) {
    add(match[3] ?? '', match[2] !== undefined, false);
  }
  for (const match of code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) add(match[1] ?? '', false, true);
  return found;
}
