import { describe, expect, test } from 'vitest';
import { commandTable } from '../../../src/cli/commands/index.ts';
import { completionModel, loadCommands } from '../../../src/cli/completion/model.ts';
import { completionScripts, shells } from '../../../src/cli/completion/scripts.ts';
import { fishQuote, shellQuote } from '../../../src/cli/completion/shell-text.ts';

describe('completion', () => {
  test('knows the words, flags and values of every command', async () => {
    const model = completionModel(commandTable, await loadCommands(commandTable));
    expect(model.next.get('')?.map(({ word }) => word)).toEqual(
      expect.arrayContaining(['device', 'provision', 'completion']),
    );
    expect(model.next.get('device')?.map(({ word }) => word)).toContain('list');
    expect(model.flags.get('')?.map(({ word }) => word)).toEqual(
      expect.arrayContaining(['--profile', '--output', '--help']),
    );
    expect(model.flagValues.get('--profile')).toBe('profile');
    expect(model.flagValues.get('-o')).toEqual({ words: expect.arrayContaining(['json']) });
    expect(model.argumentValues.get('completion 1')).toEqual({ words: ['bash', 'zsh', 'fish'] });
    expect(model.next.get('')?.map(({ word }) => word)).not.toContain('__complete');
  });

  test.each(shells)('the script for %s never evaluates what was typed', async (shell) => {
    const script = completionScripts[shell](completionModel(commandTable, await loadCommands(commandTable)));
    expect(script).not.toMatch(/\beval\b|\bsource\b/);
    expect(script).not.toMatch(/`/);
  });

  test('quotes are quoted', () => {
    expect(shellQuote("it's $x")).toBe("'it'\\''s $x'");
    expect(fishQuote("it's \\ $x")).toBe("'it\\'s \\\\ $x'");
  });
});
