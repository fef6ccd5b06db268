import type { Link, OpenLink } from '../connection/link.ts';

/** A device's only way to the hub, which can be shut: a device that restarts, is away or is broken has no link. */
export interface LinkGate {
  /** Opens a link when the gate is open, or as soon as it is. */
  readonly open: OpenLink;
  readonly isShut: boolean;
  /** Cuts the link without a word, as a device does that loses its power. */
  shut(): void;
  release(): void;
}

export function createLinkGate(openLink: OpenLink): LinkGate {
  let isShut = false;
  let current: Link | undefined;
  let waiting: (() => void)[] = [];
  /** Shut again before it was tried: waits on. */
  const released = async (): Promise<void> => {
    if (!isShut) return;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
    });
    await released();
  };
  return {
    get isShut() {
      return isShut;
    },
    async open(options) {
      await released();
      const link = await openLink(options);
      if (isShut) {
        link.destroy();
        throw new Error('the device lost its link');
      }
      current = link;
      return link;
    },
    shut() {
      if (isShut) return;
      isShut = true;
      current?.destroy();
      current = undefined;
    },
    release() {
      isShut = false;
      const due = waiting;
      waiting = [];
      for (const goOn of due) goOn();
    },
  };
}
