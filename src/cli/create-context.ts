import { isFailure } from '../errors/index.ts';
import type { Hub, Provisioning } from '../fleet/ports.ts';
import type { CommandContext } from './context.ts';
import type { Directories } from './directories.ts';
import type { GlobalOptions } from './options/global-options.ts';
import type { Notes } from './output/notes.ts';
import type { Output } from './output/output.ts';
import { createPrompt } from './prompt/create-prompt.ts';
import { createStdin } from './read-stdin.ts';
import { chooseProvisioning } from './choose-provisioning.ts';
import type { ConnectOptions, Rooms } from './rooms.ts';
import type { System } from './system.ts';

export interface ContextOptions {
  readonly system: System;
  readonly rooms: Rooms;
  readonly globals: GlobalOptions;
  readonly directories: Directories;
  readonly output: Output;
  readonly notes: Notes;
  readonly signal: AbortSignal;
}

/** The context of one command, and what closes it. Everything costly is made when it is first asked for, and once. */
export function createContext(options: ContextOptions): { context: CommandContext; close: () => Promise<void> } {
  const { system, rooms, globals, directories, notes, signal } = options;
  const { clock, env, random, runtime } = system;
  const stdin = createStdin(() => system.stdin, signal);
  const profiles = once(() => rooms.openProfiles({ directories, clock, env, uid: runtime.uid, notes }));
  const connection = once(() =>
    rooms.resolveConnection({
      profile: globals.profile,
      connectionStringFile: globals.connectionStringFile,
      env,
      store: profiles,
      readStdin: () => stdin.text(),
    }),
  );
  const connectOptions = (): ConnectOptions => ({
    clock,
    random,
    notes,
    version: runtime.version(),
    env,
    // A sign-in with a code needs eyes only, no keyboard.
    canSignIn: system.stderr.isTTY === true && !globals.noInput,
  });
  let opened: Promise<Hub> | undefined;
  const hub = (): Promise<Hub> => {
    opened ??= connection().then((chosen) => rooms.connectHub(chosen, connectOptions()));
    return opened;
  };
  let openedProvisioning: Promise<Provisioning> | undefined;
  const provisioning = (connectionStringFile: string | undefined): Promise<Provisioning> => {
    openedProvisioning ??= chooseProvisioning({
      connectionStringFile,
      env,
      hub: connection,
      resolve: (choice) =>
        rooms.resolveConnection({ ...choice, profile: undefined, store: profiles, readStdin: () => stdin.text() }),
    }).then((chosen) => rooms.connectProvisioning(chosen, connectOptions()));
    return openedProvisioning;
  };
  const protectedProfile = async (): Promise<string | undefined> => {
    try {
      const chosen = await connection();
      return chosen.protected === true ? chosen.name : undefined;
    } catch (error) {
      // Commands that use no hub also ask, and there is nothing to protect without one.
      if (isFailure(error, 'no-hub', 'profile-not-found')) return undefined;
      throw error;
    }
  };
  const prompt = createPrompt({
    stdin: () => system.stdin,
    stderr: system.stderr,
    env,
    noInput: globals.noInput,
    assumeYes: globals.yes,
    confirmed: globals.confirm,
    signal,
    protectedProfile,
  });
  return {
    context: {
      output: options.output,
      notes,
      prompt,
      clock,
      random,
      runtime,
      platform: system.platform,
      env,
      signal,
      assumeYes: globals.yes,
      stdin,
      hub,
      provisioning,
      connection,
      profiles,
      directories,
    },
    async close() {
      const hubToClose = await opened?.catch(() => undefined);
      await hubToClose?.close();
      const provisioningToClose = await openedProvisioning?.catch(() => undefined);
      await provisioningToClose?.close();
    },
  };
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
