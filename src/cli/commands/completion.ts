import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exitCodes } from '../../errors/index.ts';
import { writeFileAtomic } from '../../std/atomic-file.ts';
import type { CommandContext } from '../context.ts';
import { choiceArg, defineCommand, switchOption } from '../define-command.ts';
import { completionScripts, shells, type Shell } from '../completion/scripts.ts';

export const command = defineCommand({
  name: 'completion',
  summary: 'Complete commands, flags and device ids in the shell.',
  description: 'Prints the completion script of a shell, or installs it for this user.',
  arguments: [{ name: 'shell', summary: 'bash, zsh or fish', required: true, choices: shells }],
  options: [{ name: 'install', summary: 'write the script where the shell finds it, and nothing else' }],
  examples: [
    { run: 'iotctl completion bash --install', explains: 'for every new bash' },
    { run: 'iotctl completion zsh', explains: 'print the script for zsh' },
  ],
  exitCodes: [exitCodes.failed, exitCodes.notAuthorised],
  output: 'text',
  async run(context, input) {
    const shell = choiceArg(input, 'shell', shells);
    // The model needs every command, so it is loaded here and not with the program.
    const { commandTable } = await import('./index.ts');
    const { completionModel, loadCommands } = await import('../completion/model.ts');
    const script = completionScripts[shell](completionModel(commandTable, await loadCommands(commandTable)));
    if (!switchOption(input, 'install')) return context.output.text(script);
    const file = installFile(shell, context);
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, script, 0o644);
    context.notes.success(`completion for ${shell} is in ${file}`);
    context.notes.info(howToLoad(shell, file));
  },
});

/** Where each shell looks for completions of a user; zsh has no such place, so it is told about ours. */
function installFile(shell: Shell, { env, directories }: CommandContext): string {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? '.';
  const places: Readonly<Record<Shell, string>> = {
    bash: join(
      env['BASH_COMPLETION_USER_DIR'] ?? join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'bash-completion'),
      'completions',
      'iotctl',
    ),
    zsh: join(directories.data, 'zsh', '_iotctl'),
    fish: join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'fish', 'completions', 'iotctl.fish'),
  };
  return places[shell];
}

function howToLoad(shell: Shell, file: string): string {
  if (shell === 'zsh') return `add this to ~/.zshrc, before compinit:  fpath=('${dirname(file)}' $fpath)`;
  if (shell === 'bash') return 'open a new shell (bash finds it through the package bash-completion)';
  return 'open a new shell';
}
