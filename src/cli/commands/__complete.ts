import { defineCommand, requiredArg, type CommandInput } from '../define-command.ts';
import type { CommandContext } from '../context.ts';
import { safeText } from '../output/safe-text.ts';

const kinds = ['device', 'rollout', 'firmware', 'profile', 'model', 'method'] as const;

/** What the completion scripts call. Whatever fails here stays silent: a shell prompt is no place for an error. */
export const command = defineCommand({
  name: '__complete',
  summary: 'values for shell completion',
  hidden: true,
  arguments: [{ name: 'kind', summary: 'what to list', required: true, choices: kinds }],
  examples: [{ run: 'iotctl __complete device', explains: 'ids of the devices of the hub, one a line' }],
  output: 'text',
  usesHub: true,
  async run(context, input) {
    const found = await valuesOf(context, input).catch((): readonly string[] => []);
    // A shell shows them as they are.
    const values = found.filter((value) => safeText(value) === value);
    if (values.length > 0) await context.output.text(`${values.join('\n')}\n`);
  },
});

async function valuesOf(context: CommandContext, input: CommandInput): Promise<readonly string[]> {
  const kind = requiredArg(input, 'kind');
  if (kind === 'profile') return (await import('../completion/values.ts')).profileValues(context);
  if (kind === 'device' || kind === 'rollout' || kind === 'firmware')
    return (await import('../completion/values.ts')).hubValues(context, kind);
  const { deviceVocabulary } = await import('../../fleet/vocabulary.ts');
  const { models, commands } = deviceVocabulary();
  return kind === 'model' ? models : commands;
}
