import type { ArgumentDeclaration, OptionDeclaration } from '../define-command.ts';

export const rolloutArgument = {
  name: 'rollout',
  summary: 'id of the rollout',
  required: true,
  complete: 'rollout',
} as const satisfies ArgumentDeclaration;

export const waveOption = {
  name: 'wave',
  type: 'integer',
  value: 'N',
  summary: 'which wave, from 1; the one that waits when absent',
  minimum: 1,
  maximum: 50,
} as const satisfies OptionDeclaration;

export const waitOptions: readonly OptionDeclaration[] = [
  { name: 'wait', summary: 'follow it until it has ended or needs a person; the exit code is the outcome' },
  {
    name: 'timeout',
    type: 'duration',
    value: 'TIME',
    summary: 'with --wait: give up waiting after this time (exit 124); the rollout goes on',
    minimum: 1_000,
  },
  {
    name: 'report',
    type: 'string',
    value: 'FILE',
    summary: 'write what became of each device: .xml is JUnit, .json and .md are summaries',
    complete: 'file',
  },
];

export const allowCommandsOption = {
  name: 'allow-commands',
  summary: 'with --wait on a hub in the cloud: run the programs that gates name, here',
} as const satisfies OptionDeclaration;

/** How a command ends that waits for a rollout. */
export const waitExitCodes = [1, 3, 4, 5, 8, 9, 10, 124, 143] as const;
