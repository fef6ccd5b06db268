import { readFile } from 'node:fs/promises';
import { Failure } from '../errors/index.ts';

/** The authorities a profile trusts, in PEM. Failure: invalid-config. */
export async function readCa(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Failure('invalid-config', `cannot read the CA file of this profile, ${path}`, {
      cause: error,
      hint: 'iotctl hub env',
    });
  }
}
