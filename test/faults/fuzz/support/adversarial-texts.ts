/**
 * Texts on which an expression that backtracks takes long: what it can repeat, repeated, and then an end that does not fit. The pieces
 * are made of the expression's own letters, so that they get as deep into it as can be.
 */
export function adversarialTexts(source: string, { bytes, thorough }: AdversarialOptions): readonly string[] {
  const texts: string[] = [];
  for (const unit of unitsOf(source)) {
    const body = unit.repeat(Math.ceil(bytes / unit.length)).slice(0, bytes);
    if (!thorough) {
      texts.push(`${body}!\n`);
      continue;
    }
    texts.push(body, `${body}\u0000`, `${body}!\n`);
    for (const beginning of beginningsOf(source)) texts.push(`${beginning}${body}\u0000`);
  }
  return texts;
}

export interface AdversarialOptions {
  readonly bytes: number;
  /** With several ends and beginnings. */
  readonly thorough: boolean;
}

/** Runs of literal characters in the source, escapes undone. */
function wordsOf(source: string): string[] {
  const plain = source
    .replaceAll(/\\([dwsbDWSB])/g, (_, kind: string) => ({ d: '1', w: 'a', s: ' ' })[kind] ?? '')
    .replaceAll(/\\u([\da-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/\(\?(?:[:=!]|<[=!]|<\w+>)/g, '(')
    .replaceAll(/\{\d*,?\d*\}/g, '');
  return plain.split(/[[\](){}|^$*+?]+/).filter((word) => word !== '');
}

function unitsOf(source: string): readonly string[] {
  const words = wordsOf(source);
  const letters = [...new Set(words.join(''))].slice(0, 12);
  return [
    ...new Set([
      ' ',
      'a',
      '1',
      '\t',
      '/',
      '.',
      '-',
      'a1',
      ' a',
      'a ',
      ...letters,
      ...words.slice(0, 8),
      words.join(''),
    ]),
  ].filter((unit) => unit !== '');
}

function beginningsOf(source: string): readonly string[] {
  const words = wordsOf(source);
  return [...new Set([words[0] ?? '', words.slice(0, 2).join(''), words.join('')])].filter(
    (beginning) => beginning !== '',
  );
}
