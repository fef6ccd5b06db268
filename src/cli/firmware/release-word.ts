import { Failure } from '../../errors/index.ts';
import type { Manifest } from '../../protocol/firmware/index.ts';

/** `NAME@VERSION` as it is typed. Failure: invalid-value. */
export async function readReleaseWord(word: string): Promise<Pick<Manifest, 'name' | 'version'>> {
  const { parseManifestName } = await import('../../protocol/firmware/index.ts');
  const release = parseManifestName(word);
  if (release === undefined)
    throw new Failure('invalid-value', `"${word}" is not a firmware as in pump@2.0.0`, {
      hint: 'the name has lower-case letters, digits and . _ -, the version is one by semver; iotctl firmware list',
    });
  return release;
}
