import { sleep, type Clock } from '../../../std/clock.ts';
import { parseMethodRequest } from '../../../protocol/method.ts';
import { noAnswer } from '../commands/errors.ts';
import type { CommandService } from '../services.ts';
import type { FaultService } from './service.ts';

/** Commands of which some come late or are never answered, as the faults say. */
export function faultyCommands(commands: CommandService, faults: FaultService, clock: Clock): CommandService {
  return {
    async invoke(identity, body, signal) {
      const fault = faults.at('method', identity);
      if (fault?.kind === 'delay') await sleep(clock, fault.delayMs, signal);
      if (fault?.kind !== 'method-timeout') return commands.invoke(identity, body, signal);
      const { responseTimeoutInSeconds } = parseMethodRequest(body);
      await sleep(clock, responseTimeoutInSeconds * 1_000, signal);
      throw noAnswer(responseTimeoutInSeconds);
    },
    answer: (...answer) => commands.answer(...answer),
  };
}
