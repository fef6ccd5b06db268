import { HubError } from '../../../protocol/hub-errors.ts';
import type { CommandService } from '../services.ts';

/** Commands that tell what became of each call: `answered`, the name of the refusal, or `failed`. */
export function toldCommands(commands: CommandService, tell: (result: string) => void): CommandService {
  return {
    async invoke(identity, body, signal) {
      try {
        const response = await commands.invoke(identity, body, signal);
        tell('answered');
        return response;
      } catch (error) {
        tell(error instanceof HubError ? error.symbol : 'failed');
        throw error;
      }
    },
    answer: (...answer) => commands.answer(...answer),
  };
}
