/** Prints what the SDKs could do, and holds docs/fidelity.md to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { renderMatrix, replaceMatrix, unknownProofs, type Result } from './matrix.ts';

const documentFile = new URL('../../docs/fidelity.md', import.meta.url);

export class MatrixReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const results = tests.flatMap((test) => resultOf(test) ?? []);
    if (results.length === 0) return;
    const matrix = renderMatrix(results);
    console.log(`\nWhat the official SDKs can do with the hub\n\n${matrix}\n`);
    const isWhole = results.every(({ state }) => state === 'passed') && !modules.some(isPartial);
    if (process.env['IOTCTL_WRITE_MATRIX'] === '1') writeFileSync(documentFile, replaceMatrix(readDocument(), matrix));
    else if (isWhole && process.env['CI'] !== undefined) this.#check(matrix, tests);
  }

  #check(matrix: string, tests: readonly TestCase[]): void {
    const document = readDocument();
    if (replaceMatrix(document, matrix) !== document) {
      fail('the table in docs/fidelity.md is not what the tests show; `npm run test:sdk:write` writes it anew');
    }
    const unknown = unknownProofs(document, new Set(tests.map((test) => test.module.relativeModuleId)));
    if (unknown.length > 0) fail(`docs/fidelity.md names proofs that do not exist: ${unknown.join(', ')}`);
  }
}

function resultOf(test: TestCase): Result | undefined {
  const { proof } = test.meta();
  return proof === undefined ? undefined : { ...proof, state: test.result().state };
}

/** A run of some tests only says nothing about the others. */
function isPartial(module: TestModule): boolean {
  return [...module.children.allTests()].some((test) => test.result().state === 'skipped');
}

function readDocument(): string {
  return readFileSync(documentFile, 'utf8');
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
