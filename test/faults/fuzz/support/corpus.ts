import { readFileSync } from 'node:fs';

/** One input of a corpus. */
export interface Vector {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Reads `corpora/NAME.txt`: a line each of a name, `hex` or `text`, and the input; text is a JSON string. Lines with `//` say where
 * vectors come from. All are our own: recorded from our own devices, written by hand, or findings of these tests.
 */
export function corpus(name: string): readonly Vector[] {
  const file = new URL(`../corpora/${name}.txt`, import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('//'))
    .map((line) => {
      const [, vector, form, input] = /^(\S+) (hex|text) (.*)$/.exec(line) ?? [];
      if (vector === undefined || input === undefined) throw new Error(`corpora/${name}.txt: ${line}`);
      const bytes = form === 'hex' ? Buffer.from(input, 'hex') : Buffer.from(JSON.parse(input) as string, 'utf8');
      return { name: vector, bytes };
    });
}

export function textCorpus(name: string): readonly string[] {
  return corpus(name).map(({ bytes }) => bytes.toString('utf8'));
}
