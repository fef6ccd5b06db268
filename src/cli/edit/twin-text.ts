/** A twin as a text that a person edits, and back. Lines that begin with # are left out, in JSON too. */
import type { Difference, EditableTwin, EditProblem } from '../../fleet/twins/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { messageOf } from '../../std/message-of.ts';
import { safeJson, safeText } from '../output/safe-text.ts';
import { yamlText } from '../output/yaml.ts';

export type TextFormat = 'yaml' | 'json';

/** The comment above a document: what it is, and what was wrong with it the last time. */
export function headOf(
  identity: string,
  problem: EditProblem | { kind: 'invalid'; message: string } | undefined,
): string {
  const lines = [
    `The tags and desired properties of ${identity}. Save and close to write them; what is`,
    'removed here is removed there. An empty or unchanged text changes nothing.',
    'Lines that begin with # are left out.',
    ...problemLines(problem),
  ];
  return lines.map((line) => `# ${safeText(line)}`.trimEnd()).join('\n');
}

function problemLines(problem: EditProblem | { kind: 'invalid'; message: string } | undefined): string[] {
  if (problem === undefined) return [];
  if (problem.kind === 'changed-meanwhile') {
    return [
      '',
      'SOMEBODY ELSE CHANGED IT MEANWHILE. This text holds both changes; where they meet, yours:',
      ...problem.theirs.map((theirs) => `  ${describeDifference(theirs)}`),
    ];
  }
  const words = problem.kind === 'invalid' ? 'THIS COULD NOT BE UNDERSTOOD:' : 'THE HUB REFUSED IT:';
  return [
    '',
    words,
    ...problem.message
      .trim()
      .split('\n')
      .map((line) => `  ${line}`),
  ];
}

/** `~ desired.interval: 5 → 10` */
export function describeDifference({ kind, path, left, right }: Difference): string {
  const from = JSON.stringify(left);
  const to = JSON.stringify(right);
  if (kind === 'added') return `+ ${path}: ${to}`;
  return kind === 'removed' ? `- ${path}: ${from}` : `~ ${path}: ${from} → ${to}`;
}

export async function formatTwin({ tags, desired }: EditableTwin, format: TextFormat): Promise<string> {
  const document = { tags, desired };
  return format === 'json' ? `${safeJson(JSON.stringify(document, undefined, 2))}\n` : yamlText(document);
}

/** The text without its comment; '' when nothing is left of it. */
export function bodyOf(text: string): string {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim();
}

/** Reads an edited text; says what is wrong with it instead. */
export async function parseTwin(
  text: string,
  format: TextFormat,
): Promise<EditableTwin | { readonly problem: string }> {
  let document: unknown;
  try {
    document = format === 'json' ? JSON.parse(bodyOf(text)) : await parseYaml(text);
  } catch (error) {
    return { problem: messageOf(error) };
  }
  if (!isJsonObject(document)) return { problem: 'the text must hold tags: and desired:' };
  const strange = Object.keys(document).find((name) => name !== 'tags' && name !== 'desired');
  if (strange !== undefined) return { problem: `only tags and desired can be written, not ${strange}` };
  const { tags = {}, desired = {} } = document;
  const problem = sectionProblem('tags', tags) ?? sectionProblem('desired', desired);
  return problem === undefined ? { tags: sectionOf(tags), desired: sectionOf(desired) } : { problem };
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text, { maxAliasCount: 0 });
}

/** A section whose last line was removed is null in YAML. */
function sectionOf(value: JsonValue): JsonObject {
  return isJsonObject(value) ? value : {};
}

function sectionProblem(name: string, value: JsonValue): string | undefined {
  if (value !== null && !isJsonObject(value)) return `${name} must be an object`;
  const bad = value === null ? undefined : strangeValue(value, name);
  return bad === undefined ? undefined : `${bad} is no value that JSON knows`;
}

/** The path of a value that YAML has and JSON has not, such as .inf. */
function strangeValue(value: unknown, path: string): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (!Array.isArray(value) && !isJsonObject(value)) return path;
  for (const [name, inner] of Object.entries(value)) {
    const found = strangeValue(inner, `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
