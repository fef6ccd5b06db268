import type { Failure } from '../../../errors/index.ts';
import { defineCommand } from '../../define-command.ts';
import { profileListView } from '../../views/profile-view.ts';

export const command = defineCommand({
  name: 'profile list',
  summary: 'List the hubs you have added.',
  description: 'Lists the profiles; a star marks the selected one.',
  examples: [
    { run: 'iotctl profile list', explains: 'all profiles' },
    { run: "iotctl profile list --query '[?selected].name | [0]'", explains: 'the name of the selected one' },
  ],
  exitCodes: [1, 4, 143],
  output: 'rows',
  async run(context) {
    const profiles = await context.profiles();
    const selected = await profiles.selected();
    const unreadable: Failure[] = [];
    const readable = await profiles.list((failure) => unreadable.push(failure));
    const listed = readable.map((profile) => ({ profile, selected: profile.name === selected }));
    await context.output.list(listed, profileListView);
    for (const failure of unreadable.slice(1)) context.notes.warn(failure.message);
    if (unreadable[0] !== undefined) throw unreadable[0];
  },
});
