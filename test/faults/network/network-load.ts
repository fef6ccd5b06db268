/** The peers of a hub, in a process of their own: does what a test asks for over IPC, one answer for each. See support/load.ts. */
import { commands } from './support/load-commands.ts';
import type { LoadAnswer, LoadRequest } from './support/load.ts';

process.on('message', (message: LoadRequest) => {
  const { number, name, argument } = message;
  const answer = (body: Omit<LoadAnswer, 'number'>): void => void process.send?.({ number, ...body });
  const command = commands[name] as (argument: unknown) => Promise<unknown>;
  command(argument).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
