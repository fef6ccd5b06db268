import { formatDuration } from '../std/duration.ts';
import type { ArgumentDeclaration, CommandDeclaration, OptionDeclaration } from './define-command.ts';

/** `DEVICE`, `[DEVICE...]`: a positional word as usage shows it. */
export function argumentUsage(argument: ArgumentDeclaration): string {
  const word = `${argument.name.toUpperCase()}${argument.variadic === true ? '...' : ''}`;
  return argument.required === true ? word : `[${word}]`;
}

/** `iotctl device show DEVICE [OPTIONS]` */
export function usageOf(command: CommandDeclaration): string {
  return ['iotctl', command.name, ...(command.arguments ?? []).map(argumentUsage), '[OPTIONS]'].join(' ');
}

/** The summary of a flag with what else is to know about its value. */
export function describeOption(option: OptionDeclaration): string {
  const notes = [
    ...(option.choices === undefined ? [] : [option.choices.join(', ')]),
    ...(option.required === true ? ['required'] : []),
    ...(option.repeatable === true ? ['repeatable'] : []),
    ...(option.default === undefined || option.default === false ? [] : [`default ${defaultText(option)}`]),
  ];
  return notes.length === 0 ? option.summary : `${option.summary} (${notes.join('; ')})`;
}

/** A duration is declared in milliseconds or as it is typed. */
function defaultText({ type, default: value }: OptionDeclaration): string {
  return type === 'duration' && typeof value === 'number' ? formatDuration(value) : String(value);
}
