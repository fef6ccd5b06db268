import { splitWords } from './split-words.ts';

/** The lines of an example as the shell would run them: the words of each call of iotctl. */
export function callsOf(example: string): string[][] {
  // What stands in $( … ) is a call of its own.
  const parts = splitWords(example.replaceAll(/"?\$\(([^)]*)\)"?/g, ' ; $1 ; '));
  const calls: string[][] = [];
  let current: string[] | undefined;
  for (const word of parts) {
    if (['|', '&&', ';', '>', '<', '>>', '2>'].includes(word)) current = undefined;
    else if (word === 'iotctl') calls.push((current = []));
    else current?.push(word);
  }
  return calls;
}
