import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of whole programs are short and take long; begun last they would run alone at the end. The rest is as Vitest orders it. */
export class WholeProgramsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not Array's
    const ordered = await super.sort(files);
    return [...ordered.filter(isLong), ...ordered.filter((file) => !isLong(file))];
  }
}

function isLong({ moduleId }: TestSpecification): boolean {
  return /\/e2e\/|\/integration\/|killed/.test(moduleId);
}
