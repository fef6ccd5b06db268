import type { PortChoice, PortName } from '../../hub/index.ts';
import { toldSources, type MessageSource } from '../../protocol/telemetry/message.ts';
import {
  listOption,
  numberOption,
  portOption,
  switchOption,
  textOption,
  type CommandInput,
} from '../define-command.ts';

const portNames = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https'] as const;

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** The ports that were chosen. */
export function portsOf(input: CommandInput): Partial<Record<PortName, PortChoice>> {
  const ports: Partial<Record<PortName, PortChoice>> = {};
  for (const name of portNames) {
    const choice = portOption(input, `${name}Port`);
    if (choice !== undefined) ports[name] = choice;
  }
  return ports;
}

/** The events that are routed to where telemetry is read. */
export function routesOf(input: CommandInput): readonly MessageSource[] {
  return toldSources.filter((source) => listOption(input, 'route').includes(source));
}

export const keyHolders = ['device', 'module'] as const;

/** Whose own keys are refused. */
export function refusedKeyHolders(input: CommandInput): readonly (typeof keyHolders)[number][] {
  return keyHolders.filter((holder) => listOption(input, 'refuseKeys').includes(holder));
}

/** The flags of `hub start` once more, for the process in the background. */
export function hubStartWords(input: CommandInput): string[] {
  const words: string[] = [];
  for (const name of ['data', 'logLevel'] as const) {
    const value = textOption(input, name);
    if (value !== undefined) words.push(name === 'data' ? '--data' : '--log-level', value);
  }
  for (const name of portNames) {
    const choice = portOption(input, `${name}Port`);
    if (choice !== undefined) words.push(`--${name}-port`, String(choice));
  }
  for (const name of listOption(input, 'hostname')) words.push('--hostname', name);
  const retention = numberOption(input, 'retention');
  if (retention !== undefined) words.push('--retention', `${retention}ms`);
  const retentionSize = numberOption(input, 'retentionSize');
  if (retentionSize !== undefined) words.push('--retention-size', String(retentionSize));
  for (const name of listOption(input, 'route')) words.push('--route', name);
  for (const name of listOption(input, 'consumerGroup')) words.push('--consumer-group', name);
  for (const holder of listOption(input, 'refuseKeys')) words.push('--refuse-keys', holder);
  const imitate = textOption(input, 'imitate');
  if (imitate !== undefined) words.push('--imitate', imitate);
  const provisioning = textOption(input, 'provisioning');
  if (provisioning !== undefined) words.push('--provisioning', provisioning);
  if (switchOption(input, 'ephemeral')) words.push('--ephemeral');
  if (switchOption(input, 'noController')) words.push('--no-controller');
  if (switchOption(input, 'allowCommands')) words.push('--allow-commands');
  return words;
}
