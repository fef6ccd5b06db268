import { resolve } from 'node:path';
import { defineCommand, requiredArg } from '../../define-command.ts';
import { actorOf } from '../../rollout/actor.ts';
import { dataDirectory, dataOption } from '../../options/hub-data.ts';
import { sizeText } from '../../views/size-text.ts';

export const command = defineCommand({
  name: 'hub backup',
  summary: 'Save the data of the hub on this machine to a file.',
  description: `Saves devices, twins, queues, jobs, telemetry, uploaded files, keys and certificates to one file, whether the hub runs or \
not; a hub that runs is not held up. The file is a tar archive compressed with zstd, with a list of checksums at its end. It holds \
every key of the hub, and only you can read it.`,
  arguments: [{ name: 'file', summary: 'where to write it, as in hub.tar.zst', required: true, complete: 'file' }],
  options: [dataOption],
  examples: [
    { run: 'iotctl hub backup hub.tar.zst', explains: 'the hub of this machine, running or not' },
    { run: 'iotctl hub backup hub.tar.zst --data ./hub', explains: 'the hub of another data directory' },
  ],
  exitCodes: [1, 3, 4, 143],
  output: 'document',
  async run(context, input) {
    const { backupHub } = await import('../../../fleet/backup/index.ts');
    const file = resolve(requiredArg(input, 'file'));
    const dataDir = dataDirectory(context, input);
    const progress = context.notes.progress('saving');
    let told = 0;
    const onProgress = (done: number, total: number): void => {
      if (done - told < tellEveryBytes && done < total) return;
      told = done;
      progress.say(`${sizeText(done)} of ${sizeText(total)}`);
    };
    const { signal } = context;
    const request = {
      dataDir,
      file,
      version: context.runtime.version(),
      now: context.clock.now(),
      by: actorOf(context),
      signal,
      onProgress,
    };
    const result = await backupHub(request).catch((error: unknown) => {
      progress.stop();
      throw error;
    });
    progress.done(`${sizeText(result.bytes)} saved`);
    if (result.leftOut.length > 0) context.notes.warn(leftOutText(result.leftOut));
    context.notes.success('the backup holds every key of the hub; only you can read it');
    await context.output.document(
      { file, dataDir, ...result },
      {
        fields: (backup) => [
          ['File', backup.file],
          ['Size', sizeText(backup.archiveBytes)],
          ['Data', `${backup.files} files, ${sizeText(backup.bytes)}`],
          ['Of', backup.dataDir],
        ],
        json: (backup) => backup,
        name: (backup) => backup.file,
      },
    );
  },
});

const tellEveryBytes = 1_000_000;
const mostNamed = 5;

function leftOutText(names: readonly string[]): string {
  const named = names.slice(0, mostNamed).join(', ');
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  return `left out, as no files of a hub: ${named}${more}`;
}
