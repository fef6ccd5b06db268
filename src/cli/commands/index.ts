import type { CommandTable } from '../program.ts';

/** Every command: the words typed, one line about it, and its file. Owners keep the order in which help shows them. */
export const commandTable: CommandTable = {
  groups: {
    tail: 'Follow what devices send.',
    device: 'Look at devices and change them.',
    twin: 'Read and change tags and desired properties.',
    hub: 'Run a hub on this machine.',
    profile: 'Choose which hub to talk to.',
  },
  rows: [
    {
      name: 'completion',
      summary: 'Complete commands, flags and device ids in the shell.',
      load: () => import('./completion.ts'),
    },
    { name: '__complete', summary: 'values for shell completion', hidden: true, load: () => import('./__complete.ts') },
  ],
};
