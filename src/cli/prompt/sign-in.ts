import type { Notes } from '../output/notes.ts';

/** Shows how to sign in with a code, where somebody sees it; it needs eyes only, no keyboard. */
export function signInBy(notes: Pick<Notes, 'isTTY' | 'warn'>): { onSignIn?: (message: string) => void } {
  return notes.isTTY ? { onSignIn: (message) => notes.warn(message) } : {};
}
