import type { MethodResponse } from '../../protocol/method.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { problem } from '../connection/method-channel.ts';
import { numberProblem } from '../settings.ts';
import { agentInterval, type AgentState } from './agent-settings.ts';
import { runScript, type ScriptOptions } from './scripts.ts';

export interface AgentCommandOptions {
  readonly scripts: ScriptOptions;
  readonly state: AgentState;
  readonly facts: () => JsonObject;
  /** The interval was changed. */
  readonly changed: () => void;
}

/** The agent's commands by name. A Map, because names come from the network. */
export function agentCommands(
  options: AgentCommandOptions,
): (name: string, payload: JsonValue) => Promise<MethodResponse> {
  const commands = new Map<string, (payload: JsonObject) => MethodResponse | Promise<MethodResponse>>([
    ['ping', () => ({ status: 200, payload: { message: 'pong' } })],
    ['get-info', () => ({ status: 200, payload: options.facts() })],
    ['set-interval', (payload) => changeInterval(options, payload['seconds'])],
    ['run', (payload) => runScript(payload['script'], options.scripts)],
  ]);
  return async (name, payload) => {
    const command = commands.get(name);
    if (command === undefined)
      return problem(404, `no such command; this device knows ${[...commands.keys()].join(', ')}`);
    return command(isJsonObject(payload) ? payload : {});
  };
}

function changeInterval(options: AgentCommandOptions, seconds: JsonValue | undefined): MethodResponse {
  const wrong = numberProblem('seconds', seconds, agentInterval.minimum, agentInterval.maximum);
  if (wrong !== undefined) return problem(400, wrong);
  const before = options.state.intervalSeconds;
  options.state.intervalSeconds = Number(seconds);
  options.changed();
  return { status: 200, payload: { telemetryInterval: options.state.intervalSeconds, before } };
}
