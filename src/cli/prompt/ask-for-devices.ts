import { namedRows, keyProblem, numberedRows, type DeviceRow } from '../../fleet/provisioning/index.ts';
import { deviceIdProblem } from '../../protocol/device-id.ts';
import { assemble, parseAssignment } from '../../std/assignment.ts';
import type { JsonObject } from '../../std/json.ts';
import type { CommandContext } from '../context.ts';
import { messageOf } from '../../std/message-of.ts';

/** The questions of `provision` without arguments: id, how many, tags, authentication. */
export async function askForDevices(
  context: Pick<CommandContext, 'prompt'>,
  numbering: { readonly start: number; readonly digits: number },
): Promise<{ rows: Iterable<DeviceRow>; total: number }> {
  const { prompt } = context;
  const id = await prompt.text({ message: 'Device id:', flag: 'ID', validate: deviceIdProblem });
  const count = await prompt.number({
    message: 'How many devices?',
    flag: '--count',
    default: 1,
    minimum: 1,
    maximum: 100_000,
  });
  const tagText = await prompt.text({
    message: 'Tags (site=north floor=2), or nothing:',
    flag: '--tag',
    default: '',
    validate: (text) => problemOf(() => readTags(text)),
  });
  const tags = readTags(tagText);
  if (count > 1) {
    // An id for many is what their ids begin with.
    const prefix = /[-_.:]$/.test(id) ? id : `${id}-`;
    return { rows: numberedRows({ prefix, count, ...numbering }, { tags }), total: count };
  }
  const authentication = await prompt.choose({
    message: 'How does it prove who it is?',
    flag: '--from',
    choices: [
      { value: 'made', label: 'a key that the hub makes' },
      { value: 'own', label: 'a key of my own (base64 of 16 to 64 bytes)' },
    ],
    default: 'made',
  });
  const key = authentication === 'own' ? await askForKey(context) : undefined;
  return { rows: namedRows([id], { tags, key }), total: 1 };
}

async function askForKey({ prompt }: Pick<CommandContext, 'prompt'>): Promise<string> {
  const { Failure } = await import('../../errors/index.ts');
  const key = (await prompt.secret({ message: 'Key:', flag: '--from' })).trim();
  const problem = keyProblem(key);
  if (problem !== undefined) throw new Failure('invalid-value', problem);
  return key;
}

function readTags(text: string): JsonObject | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  return words.length === 0 ? undefined : assemble(words.map(parseAssignment));
}

function problemOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
