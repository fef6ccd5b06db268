/** All regular expressions of the source, found by TypeScript rather than by eye. */
import { readFileSync } from 'node:fs';
import { API } from 'typescript/unstable/sync';
import { SyntaxKind, type Node } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';
import { readSources, repository } from '../../../architecture/source-files.ts';

export interface Found {
  /** `src/a.ts`. */
  readonly file: string;
  /** As written, with slashes and flags. */
  readonly literal: string;
}

const scanned = /^\/(?<source>.*)\/(?<flags>[a-z]*)$/s;

export function toRegExp(literal: string): RegExp {
  const { source, flags } = scanned.exec(literal)?.groups ?? {};
  if (source === undefined) throw new Error(`no regular expression: ${literal}`);
  return new RegExp(source, flags);
}

/** By TypeScript's scanner, in a moment: a slash begins an expression where no value stands before it. */
export function scanRegularExpressions(): readonly Found[] {
  return readSources('src').flatMap(({ path }) =>
    literalsOf(readFileSync(`${repository}${path}`, 'utf8')).map((literal) => ({ file: path, literal })),
  );
}

/** After these a value is still to come, as after all signs but those that close something. */
const wantsValue: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.ReturnKeyword,
  SyntaxKind.TypeOfKeyword,
  SyntaxKind.CaseKeyword,
  SyntaxKind.InKeyword,
  SyntaxKind.InstanceOfKeyword,
  SyntaxKind.NewKeyword,
  SyntaxKind.DeleteKeyword,
  SyntaxKind.VoidKeyword,
  SyntaxKind.ThrowKeyword,
  SyntaxKind.ElseKeyword,
  SyntaxKind.DoKeyword,
  SyntaxKind.AwaitKeyword,
  SyntaxKind.YieldKeyword,
]);
const closes: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.CloseParenToken,
  SyntaxKind.CloseBracketToken,
  SyntaxKind.CloseBraceToken,
  SyntaxKind.PlusPlusToken,
  SyntaxKind.MinusMinusToken,
  SyntaxKind.TemplateTail,
]);

function endsValue(token: SyntaxKind, text: string): boolean {
  if (closes.has(token)) return true;
  return /^[\w$#"'`/]/.test(text) && !wantsValue.has(token) && text !== '/' && text !== '/=';
}

function literalsOf(text: string): readonly string[] {
  const scanner = createScanner(true);
  scanner.setText(text);
  const found: string[] = [];
  /** True for the braces of a place in a template. */
  const braces: boolean[] = [];
  let valueBefore = false;
  for (let token = scanner.scan(); token !== SyntaxKind.EndOfFile; token = scanner.scan()) {
    if ((token === SyntaxKind.SlashToken || token === SyntaxKind.SlashEqualsToken) && !valueBefore) {
      token = scanner.reScanSlashToken();
      if (token === SyntaxKind.RegularExpressionLiteral) found.push(scanner.getTokenText());
    } else if (token === SyntaxKind.OpenBraceToken) braces.push(false);
    else if (token === SyntaxKind.TemplateHead) braces.push(true);
    else if (token === SyntaxKind.CloseBraceToken && braces.pop() === true) {
      token = scanner.reScanTemplateToken(false);
      if (token === SyntaxKind.TemplateMiddle) braces.push(true);
    }
    valueBefore = endsValue(token, scanner.getTokenText());
  }
  return found;
}

/** By TypeScript's parser, in seconds. `made` are those that a program puts together, by their source. */
export function parseRegularExpressions(): { readonly literals: readonly Found[]; readonly made: readonly Found[] } {
  const api = new API({ cwd: repository });
  try {
    const [project] = api.updateSnapshot({ openProject: `${repository}tsconfig.json` }).getProjects();
    if (project === undefined) throw new Error('TypeScript knows no project');
    const literals: Found[] = [];
    const made: Found[] = [];
    for (const { path } of readSources('src')) {
      const file = project.program.getSourceFile(`${repository}${path}`);
      if (file === undefined) throw new Error(`TypeScript does not know ${path}`);
      const visit = (node: Node): void => {
        const text = file.text.slice(node.pos, node.end).trim();
        if (node.kind === SyntaxKind.RegularExpressionLiteral) literals.push({ file: path, literal: text });
        if (node.kind === SyntaxKind.NewExpression && text.startsWith('new RegExp('))
          made.push({ file: path, literal: text });
        node.forEachChild(visit);
      };
      visit(file);
    }
    return { literals, made };
  } finally {
    api.close();
  }
}
