/** What programs of tests count of themselves. */

/** MiB of this process, without V8's heap, which V8 gives back when it likes. */
export function memory(): number {
  const { rss, heapTotal } = Deno.memoryUsage();
  return (rss - heapTotal) / 2 ** 20;
}

/** Threads of this process. */
export function threads(): number {
  return [...Deno.readDirSync("/proc/self/task")].length;
}

/**
 * How many threads there are more than there were. Those of Deno's own that were needed meanwhile
 * end after 10 s without work: they are waited for.
 */
export async function threadsBeyond(before: number): Promise<number> {
  for (let waited = 0; threads() > before && waited < 20_000; waited += 100) {
    await new Promise((done) => setTimeout(done, 100));
  }
  return Math.max(0, threads() - before);
}

/**
 * By how many MiB memory has grown while something was done over and over: the least of the last
 * times less the least of the first ones, as a single figure is what the system has not taken back.
 */
export class Growth {
  readonly #times: number;
  readonly #held: number[] = [];

  /** `times` is how many are first, and last. */
  constructor(times: number) {
    this.#times = times;
  }

  /** Takes note of what is held now. */
  take(): void {
    this.#held.push(memory());
  }

  /** MiB. */
  get grown(): number {
    const { length } = this.#held;
    const least = (from: number) => Math.min(...this.#held.slice(from, from + this.#times));
    return least(length - this.#times) - least(0);
  }
}
