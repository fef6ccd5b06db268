import { trustSchema } from '../../../protocol/firmware/index.ts';
import { Failure } from '../../../errors/index.ts';
import { writeFileAtomic } from '../../../std/atomic-file.ts';
import { messageOf } from '../../../std/message-of.ts';
import type { StateStore } from '../ports.ts';
import { installerStateSchema } from '../state.ts';
import { readOwn } from './own-file.ts';
import type { FirmwarePaths } from './paths.ts';

/** The machine's state and its keys as two files, each replaced whole. Failure `invalid-config` for one that cannot be read. */
export function fileStore(paths: Pick<FirmwarePaths, 'state' | 'trust'>): StateStore {
  return {
    async load() {
      const text = await readOwn(paths.state);
      return text === undefined ? undefined : parsed(paths.state, () => installerStateSchema.parse(JSON.parse(text)));
    },
    save: (state) => writeFileAtomic(paths.state, `${JSON.stringify(state)}\n`),
    async loadTrust() {
      const text = await readOwn(paths.trust);
      if (text === undefined)
        throw new Failure('invalid-config', `${paths.trust} is missing: the device trusts no keys`, {
          hint: `copy the trusted keys to ${paths.trust}`,
        });
      return parsed(paths.trust, () => trustSchema.parse(JSON.parse(text)));
    },
    saveTrust: (trust) => writeFileAtomic(paths.trust, `${JSON.stringify(trust, undefined, 2)}\n`),
  };
}

/** A state that cannot be read is left as it is: to begin anew would forget which releases are too old. */
function parsed<Value>(path: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new Failure('invalid-config', `${path} cannot be read: ${messageOf(error).slice(0, 200)}`, {
      hint: `restore ${path}, or set the device up again in another --firmware-dir`,
      cause: error,
    });
  }
}
