import { resolve } from 'node:path';
import { Failure } from '../../../errors/index.ts';
import { defineCommand, requiredArg, switchOption, textOption } from '../../define-command.ts';
import { actorOf } from '../../rollout/actor.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';

export const command = defineCommand({
  name: 'hub restore',
  summary: 'Put a backup in the place of the data of the hub on this machine.',
  description: `Unpacks a file of "iotctl hub backup" and verifies all of it before anything is replaced; until then, and when it is \
stopped, everything stays as it was. The hub must not run. Devices go on with the keys and certificates that the backup \
has; what came after the backup is gone.`,
  arguments: [{ name: 'file', summary: 'a file of hub backup', required: true, complete: 'file' }],
  options: [dataOption, { name: 'force', summary: 'replace the data that is there, after a question' }],
  examples: [
    { run: 'iotctl hub restore hub.tar.zst', explains: 'into an empty data directory' },
    { run: 'iotctl hub restore hub.tar.zst --force --yes', explains: 'in place of what is there, without a question' },
  ],
  exitCodes: [1, 3, 4, 5, 143],
  output: 'document',
  async run(context, input) {
    const { restoreHub } = await import('../../../fleet/backup/index.ts');
    const file = resolve(requiredArg(input, 'file'));
    const dataDir = dataDirectory(context, input);
    const restored = await restoreHub({
      file,
      dataDir,
      force: switchOption(input, 'force'),
      now: context.clock.now(),
      by: actorOf(context),
      signal: context.signal,
      confirm: async ({ createdAt }, replaces) =>
        !replaces ||
        context.prompt.confirm({ message: `Replace the data in ${dataDir} by the backup of ${createdAt}?` }),
    });
    if (restored === undefined)
      throw new Failure('confirmation-missing', 'not confirmed; nothing was changed', {
        hint: 'run it again and answer yes',
      });
    await context.output.document(
      { dataDir, createdAt: restored.createdAt, program: restored.program, files: restored.files.length },
      {
        fields: (found) => [
          ['Data', found.dataDir],
          ['Backup of', found.createdAt],
          ['Written by', `iotctl ${found.program}`],
          ['Files', found.files],
        ],
        json: (found) => found,
        name: (found) => found.dataDir,
      },
    );
    const flag = textOption(input, 'data') === undefined ? '' : ` --data ${dataDir}`;
    context.notes.success(`restored; start it with: iotctl hub start${flag}`);
  },
});
