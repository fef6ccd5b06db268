import { commandReference, errorReference } from './command-reference.ts';
import { metricsReference } from './metrics-reference.ts';
import { limitReference } from './limit-reference.ts';
import { jsonSchemas } from './json-schemas.ts';
import { rightsReference } from './rights-reference.ts';
import { commandTable } from '../src/cli/commands/index.ts';
import { completionModel, loadCommands } from '../src/cli/completion/model.ts';
import { completionScripts, shells } from '../src/cli/completion/scripts.ts';

/** The files that are derived from the declarations, by their path in the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const commands = await loadCommands(commandTable);
  const model = completionModel(commandTable, commands);
  return new Map([
    ...shells.map((shell) => [`completions/iotctl.${shell}`, completionScripts[shell](model)] as const),
    ['docs/commands.md', commandReference(commands)],
    ['docs/errors.md', errorReference()],
    ['docs/limits.md', limitReference()],
    ['docs/rights.md', rightsReference()],
    ['docs/metrics.md', metricsReference()],
    ...jsonSchemas(),
  ]);
}
