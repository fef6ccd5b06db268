import type { EditTwinRequest, EditTwinResult } from '../../fleet/twins/index.ts';
import type { Hub } from '../../fleet/ports.ts';
import type { CommandContext } from '../context.ts';
import { openEditedFile, type EditedFile } from './open-editor.ts';
import { bodyOf, describeDifference, formatTwin, headOf, parseTwin, type TextFormat } from './twin-text.ts';

export interface HandEdit {
  /** Device, or device and module. */
  readonly identity: string;
  readonly format: TextFormat;
  readonly dryRun: boolean;
  /** Asks whether to go on; rejects on a no. */
  readonly confirm: () => Promise<void>;
}

/** Edits a twin in the person's editor. What they wrote is kept in a file, and named, when it could not be written to the hub. */
export async function editByHand(
  context: CommandContext,
  hub: Pick<Hub, 'twins'>,
  { identity, format, dryRun, confirm }: HandEdit,
): Promise<EditTwinResult> {
  const { editTwin } = await import('../../fleet/twins/index.ts');
  const { env, platform, notes, signal } = context;
  const file = await openEditedFile({ env, platform, fileName: `twin.${format}`, signal });
  const editor = createTwinEditor(file, identity, format);
  let worthKeeping = true;
  try {
    const result = await editTwin(hub, identity, {
      dryRun,
      signal,
      edit: editor.edit,
      async confirm(differences) {
        for (const difference of differences) notes.info(describeDifference(difference));
        await confirm();
      },
    });
    worthKeeping = result.kind === 'unchanged' && editor.gaveUp;
    return result;
  } finally {
    if (worthKeeping && editor.hasText) notes.warn(`what you wrote is kept in ${file.path}`);
    else await file.remove();
  }
}

interface TwinEditor {
  readonly edit: EditTwinRequest['edit'];
  /** There is something of the person's own in the file. */
  readonly hasText: boolean;
  /** They left a text that was not understood, or refused, as it was. */
  readonly gaveUp: boolean;
}

/** Opens the editor until its text can be read, or is the one that was shown. */
function createTwinEditor(file: EditedFile, identity: string, format: TextFormat): TwinEditor {
  let hasText = false;
  let gaveUp = false;
  const open = async (head: string, body: string): Promise<string> => {
    try {
      const text = await file.edit(`${head}\n${body}`);
      if (bodyOf(text) !== bodyOf(body)) hasText = true;
      return text;
    } catch (error) {
      hasText = true; // an editor that ended with an error may have saved
      throw error;
    }
  };
  return {
    get hasText() {
      return hasText;
    },
    get gaveUp() {
      return gaveUp;
    },
    async edit(document, problem) {
      let body = await formatTwin(document, format);
      let head = headOf(identity, problem);
      // After a conflict the text that is shown holds this person's change already: saving it as it is means yes.
      let sameMeansYes = problem?.kind === 'changed-meanwhile';
      let isRetry = problem !== undefined;
      for (;;) {
        const text = await open(head, body);
        const isSame = bodyOf(text) === bodyOf(body);
        if (bodyOf(text) === '' || (isSame && !sameMeansYes)) {
          gaveUp = isRetry;
          return undefined;
        }
        const parsed = await parseTwin(text, format);
        if (!('problem' in parsed)) return parsed;
        sameMeansYes = false;
        isRetry = true;
        body = `${bodyOf(text)}\n`;
        head = headOf(identity, { kind: 'invalid', message: parsed.problem });
      }
    },
  };
}
