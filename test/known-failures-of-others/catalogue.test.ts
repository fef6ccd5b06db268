import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { catalogueTable, knownFailures } from './catalogue.ts';

const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

test('every failure of the catalogue has one test, in the file that it names', async () => {
  const files = new Map(
    await Promise.all(
      ['brokers', 'clients', 'operators', 'updates'].map(
        async (name) => [name, await read(`${name}.test.ts`)] as const,
      ),
    ),
  );
  for (const { id, file } of knownFailures) {
    const found = [...files].flatMap(([name, text]) =>
      text
        .split(`known('${id}'`)
        .slice(1)
        .map(() => name),
    );
    expect([id, found]).toEqual([id, [file]]);
  }
  expect(new Set(knownFailures.map(({ id }) => id)).size).toBe(knownFailures.length);
});

test('the table of the page is the one of the catalogue', async () => {
  expect(await read('README.md')).toContain(catalogueTable());
});
