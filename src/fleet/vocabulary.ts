import { models } from '../device/index.ts';

/** Names a person may type to a fleet: the models that can be simulated, and the commands iotctl's own devices answer. */
export function deviceVocabulary(): { readonly models: readonly string[]; readonly commands: readonly string[] } {
  const commands = new Set(['ping', 'get-info', 'set-interval', 'run']);
  for (const model of models.values()) for (const name of Object.keys(model.commands)) commands.add(name);
  return { models: [...models.keys()], commands: [...commands] };
}
