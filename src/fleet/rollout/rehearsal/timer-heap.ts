/** A timer that waits. */
interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
  cancelled: boolean;
}

/** Timers by their time, and by the order they were added in where it is equal. Adding and taking cost the logarithm of their number. */
export interface TimerHeap {
  /** Timers that were neither taken nor cancelled. */
  readonly size: number;
  /** The returned function cancels. */
  add(at: number, fire: () => void): () => void;
  /** The time of the next timer. */
  nextAt(): number | undefined;
  take(): { readonly at: number; readonly fire: () => void } | undefined;
}

/** Cancelled timers stay until they are due, unless there are many of them. */
const rebuildFrom = 1_024;

export function createTimerHeap(): TimerHeap {
  let heap: Timer[] = [];
  let order = 0;
  let cancelled = 0;

  function cancel(timer: Timer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    cancelled++;
    if (cancelled < rebuildFrom || cancelled * 2 < heap.length) return;
    // In sorted order every element is before its children: a heap.
    heap = heap.filter((each) => !each.cancelled).toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
    cancelled = 0;
  }

  function first(): Timer | undefined {
    while (heap[0]?.cancelled === true) {
      pop(heap);
      cancelled--;
    }
    return heap[0];
  }

  return {
    get size() {
      return heap.length - cancelled;
    },
    add(at, fire) {
      const timer: Timer = { at, order: order++, fire, cancelled: false };
      push(heap, timer);
      return () => cancel(timer);
    },
    nextAt: () => first()?.at,
    take() {
      if (first() === undefined) return undefined;
      const timer = pop(heap);
      // Whoever cancels it from now on cancels nothing.
      if (timer !== undefined) timer.cancelled = true;
      return timer;
    },
  };
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  heap.push(timer);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, timer)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return top;
  let index = 0;
  for (;;) {
    const left = heap[2 * index + 1];
    const right = heap[2 * index + 2];
    if (left === undefined) break;
    const rightFirst = right !== undefined && isBefore(right, left);
    const child = rightFirst ? right : left;
    if (isBefore(last, child)) break;
    heap[index] = child;
    index = 2 * index + (rightFirst ? 2 : 1);
  }
  heap[index] = last;
  return top;
}
