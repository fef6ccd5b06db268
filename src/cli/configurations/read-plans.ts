import { Failure } from '../../errors/index.ts';
import type { Plan } from '../../fleet/configurations/index.ts';
import type { CommandContext } from '../context.ts';
import { listArg, type ArgumentDeclaration, type CommandInput } from '../define-command.ts';

export const fileArgument: ArgumentDeclaration = {
  name: 'file',
  summary: 'YAML or JSON files with a configuration or a list of them; - is standard input',
  required: true,
  variadic: true,
  complete: 'file',
};

/** What would have to be done so that the hub has what the files say. Failures: file-not-found, invalid-input, invalid-query. */
export async function readPlans(context: CommandContext, input: CommandInput): Promise<Plan[]> {
  const { planConfigurations, readConfigurations } = await import('../../fleet/configurations/index.ts');
  const { readDeclaration } = await import('../documents/read-declaration.ts');
  const wanted = [];
  for (const file of listArg(input, 'file')) {
    const { value } = await readDeclaration(context, file);
    wanted.push(...readConfigurations(value, file === '-' ? 'standard input' : file));
  }
  const names = wanted.map(({ id }) => id);
  const twice = names.find((id, index) => names.indexOf(id) !== index);
  if (twice !== undefined) throw new Failure('invalid-input', `${twice} is in more than one file`);
  return planConfigurations(await context.hub(), wanted, context.signal);
}
