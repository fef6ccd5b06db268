import { isIP } from 'node:net';
import { Failure } from '../../errors/index.ts';
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

const portNames = ['mqtt', 'mqtts', 'amqp', 'amqps', 'http', 'https', 'operations'] as const;

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

/**
 * The addresses of an option and loopback, as `net.listen` takes them: IPv4 or IPv6, `*` for all of the machine's own; undefined when none is given.
 * Failure: invalid-value.
 */
export function addressesOf(input: CommandInput, name: 'listen' | 'operationsListen'): readonly string[] | undefined {
  const words = listOption(input, name);
  if (words.length === 0) return undefined;
  const wrong = words.find((word) => word !== '*' && isIP(word) === 0);
  if (wrong !== undefined) {
    const flag = name === 'listen' ? '--listen' : '--operations-listen';
    throw new Failure('invalid-value', `${flag}: "${wrong}" is not an address`, {
      hint: `give one of this machine's addresses, such as 192.0.2.10 or ::1, or * for all of them`,
    });
  }
  // Programs of this machine find the hub at localhost, wherever else it listens.
  return words.includes('*') ? ['0.0.0.0', '::'] : [...new Set(['127.0.0.1', '::1', ...words])];
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
  for (const address of listOption(input, 'listen')) words.push('--listen', address);
  for (const address of listOption(input, 'operationsListen')) words.push('--operations-listen', address);
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
  const limits = textOption(input, 'limits');
  if (limits !== undefined) words.push('--limits', limits);
  for (const limit of listOption(input, 'limit')) words.push('--limit', limit);
  if (switchOption(input, 'ephemeral')) words.push('--ephemeral');
  if (switchOption(input, 'noController')) words.push('--no-controller');
  if (switchOption(input, 'allowCommands')) words.push('--allow-commands');
  return words;
}
