/** Words of a line as a POSIX shell splits them: quotes and backslashes, but no expansion. Operators stand alone. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:(&&|\|\||>>|2>|[|;<>])|((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\|;<>&])+))/gy;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    words.push(match[1] ?? unquote(match[2] ?? ''));
  }
  return words;
}

function unquote(word: string): string {
  return word.replace(
    /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g,
    (_, single?: string, double?: string, escaped?: string) => {
      return single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? '';
    },
  );
}
