import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { failureCodes, rejectionCodes, revertCodes } from '../../../src/protocol/firmware/index.ts';

const codes = Object.keys({ ...rejectionCodes, ...failureCodes, ...revertCodes });

it.each(codes)('the code %s is explained where firmware is', async (code) => {
  const page = await readFile(new URL('../../../docs/concepts/firmware.md', import.meta.url), 'utf8');
  expect(page).toContain(`\`${code}\``);
});
