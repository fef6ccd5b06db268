import type { CommandContext } from '../context.ts';

/** Who is said to have asked for something: `IOTCTL_ACTOR`, else the user of the system. Not proven: whoever has the key can say anything. */
export function actorOf({ env, runtime }: Pick<CommandContext, 'env' | 'runtime'>): string {
  const said = ['IOTCTL_ACTOR', 'USER', 'LOGNAME', 'USERNAME'].map((name) => env[name]?.trim());
  return said.find((name) => name !== undefined && name !== '') ?? runtime.userName() ?? 'unknown';
}
