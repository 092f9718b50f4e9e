import { Stragglers } from "./stragglers.ts";

/** Largest window that `"auto"` chooses, in batches. */
const LARGEST = 1024;
/** Least window that `"auto"` chooses by itself: one batch is used while another is fetched. */
const SMALLEST = 2;
/** Room above the bandwidth–delay product, so that a window too small for it grows. */
const HEADROOM = 1.15;
/**
 * How much faster than the rate fetches may begin: a burst that goes round is spread the sooner the
 * less it is, but a rate that can grow is found the later.
 */
const PACE = 1.1;
/** Both while the rate still grows with the window. */
const STARTUP_HEADROOM = 2;
/** The rate has stopped growing when it grew by less than this part in so many rounds. */
const GROWTH = 1.25;
const ROUNDS = 3;
/** It grows again when it does so by this part in a round, of the part that the pace allows. */
const NEW_GROWTH = 1.07;
/** What is left of the product for one round of a period, so that queues drain. */
const DRAIN = 0.75;
/** Fetches that may begin at once where they are spread over time. */
const BURST = 2;
/** Timers are no finer, in milliseconds. */
const SHORTEST_PAUSE = 1;
/** Latencies and rates are forgotten after one to two periods, of so many milliseconds. */
const PERIOD_MS = 5_000;

/** A fetch under way, as its window knows it. */
export interface Launch {
  /** When it began, in milliseconds. */
  at: number;
  /** How many batches had left the window then. */
  consumed: number;
  /** When the fetch began that had left the window last. */
  before: number;
}

/** What a window has chosen, and from what. */
export interface PrefetchChoice {
  /** Batches that are fetched ahead. */
  batches: number;
  /** Shortest fetch of late, in milliseconds; 0 while it is not known. */
  latency: number;
  /** How much longer samples take in the mean than most of them, in milliseconds; for `samples`. */
  excess: number;
  /** Highest rate of late, in batches a second; 0 while it is not known. */
  rate: number;
}

/** The least of some values, those of the last one or two periods only. */
class RecentMinimum {
  #older = Infinity;
  #newer = Infinity;

  add(value: number): void {
    this.#newer = Math.min(this.#newer, value);
  }

  beginPeriod(): void {
    this.#older = this.#newer;
    this.#newer = Infinity;
  }

  get value(): number {
    return Math.min(this.#older, this.#newer);
  }
}

/**
 * How many batches are fetched ahead.
 *
 * A number is kept as it is. `"auto"` sizes the window to the bandwidth–delay product: the shortest
 * fetch of late, times the highest rate of late at which batches left the window (as BBR does it:
 * Cardwell et al., "BBR: Congestion-Based Congestion Control", ACM Queue 2016): as a window above
 * the product makes a queue somewhere, which looks like latency, it is below it for one round now and
 * then. `slowStart` widens the window from one batch on by one every so many batches.
 */
export class PrefetchWindow {
  /** Least window that `"auto"` chooses, in batches: as many as are used at once. */
  least: number = SMALLEST;
  readonly #fixed: number | "auto";
  readonly #slowStart: number;
  readonly #latency = new RecentMinimum();
  /** Of milliseconds a batch. */
  readonly #interval = new RecentMinimum();
  readonly #stragglers = new Stragglers();
  #consumed = 0;
  #lastLaunch: number | undefined;
  /** When the next fetch is due. */
  #due = -Infinity;
  #round = 0;
  #stale = 0;
  #best = Infinity;
  #periodBegan: number | undefined;
  /** The first fetch that began with the queues drained; null while there is none. */
  #probe: Launch | null | undefined;

  /**
   * @param prefetch Batches, or `"auto"`.
   * @param slowStart Batches after which the window grows by one at the start; 0 for none.
   */
  constructor(prefetch: number | "auto", slowStart: number) {
    this.#fixed = prefetch;
    this.#slowStart = slowStart;
  }

  /** Batches to have fetched or under way now. */
  get size(): number {
    const full = this.#fixed === "auto" ? this.#product() : this.#fixed;
    if (this.#slowStart === 0) return full;
    return Math.min(full, 1 + Math.floor(this.#consumed / this.#slowStart));
  }

  /**
   * Batches to have fetched or under way while some that are complete wait for an older one: those
   * leave room for others, or the link would stand still as long as they wait.
   */
  get most(): number {
    return this.#fixed === "auto" ? 2 * this.size : this.size;
  }

  /**
   * How long the next fetch is to wait although there is room for it. Fetches that begin together
   * end together, and so do those that begin as they end: bursts would go round for ever, with
   * nothing to do between them. They begin no faster than the window lets the rate grow.
   *
   * @param now The time, in milliseconds.
   * @param underWay Fetches that have not ended; the first ones never wait.
   * @returns Milliseconds; 0 for at once.
   */
  pause(now: number, underWay: number): number {
    if (this.#fixed !== "auto" || underWay < this.least) return 0;
    // The gap may have become shorter since the last fetch began.
    const wait = Math.min(this.#due - now, this.#gap);
    return wait < SHORTEST_PAUSE ? 0 : wait;
  }

  /** What the window has chosen, and from what. */
  get choice(): PrefetchChoice {
    const [latency, interval] = [this.#latency.value, this.#interval.value];
    return {
      batches: this.size,
      latency: latency === Infinity ? 0 : latency,
      excess: this.#stragglers.excess,
      rate: 1000 / interval,
    };
  }

  /**
   * Takes note of a fetch that begins.
   *
   * @param now The time, in milliseconds.
   * @returns What the window remembers of it.
   */
  launched(now: number): Launch {
    const gap = this.#gap;
    if (gap !== Infinity) {
      // What did not wait until it was due makes the next one wait no longer.
      const due = Math.min(this.#due, now + SHORTEST_PAUSE);
      this.#due = Math.max(due, now - BURST * gap) + gap;
    }
    const launch = { at: now, consumed: this.#consumed, before: this.#lastLaunch ?? now };
    if (this.#probe === null) this.#probe = launch;
    return launch;
  }

  /**
   * Takes note of a fetch that is complete.
   *
   * @param latency How long it took, in milliseconds.
   * @param now The time, in milliseconds.
   * @param samples How long each of its samples took, where they come as they arrive.
   */
  fetched(latency: number, now: number, samples?: Float64Array): void {
    this.#periodBegan ??= now;
    if (now - this.#periodBegan > PERIOD_MS) this.#beginPeriod(now);
    this.#latency.add(latency);
    if (samples) this.#stragglers.add(samples);
  }

  /**
   * Takes note of a batch that has left the window.
   *
   * @param launch What the window remembers of it.
   * @param now The time, in milliseconds.
   */
  consumed(launch: Launch, now: number): void {
    this.#consumed++;
    this.#lastLaunch = launch.at;
    // Batches that waited for one leave together: they cannot have come faster than they were begun.
    const elapsed = Math.max(now - launch.at, launch.at - launch.before);
    this.#interval.add(elapsed / (this.#consumed - launch.consumed));
    if (launch === this.#probe) this.#probe = undefined;
    if (launch.consumed < this.#round) return;
    this.#round = this.#consumed;
    const interval = this.#interval.value;
    const growth = this.#growing ? GROWTH : NEW_GROWTH;
    this.#stale = interval * growth > this.#best ? this.#stale + 1 : 0;
    this.#best = Math.min(this.#best, interval);
  }

  #beginPeriod(now: number): void {
    this.#periodBegan = now;
    this.#latency.beginPeriod();
    // What was reached before something was slow for a while can be reached again.
    this.#best = Math.max(this.#best, this.#interval.value);
    this.#interval.beginPeriod();
    this.#stragglers.beginPeriod();
    this.#probe = null;
  }

  /** Milliseconds from one fetch to the next. */
  get #gap(): number {
    return this.#interval.value / (this.#growing ? STARTUP_HEADROOM : PACE);
  }

  get #growing(): boolean {
    return this.#stale < ROUNDS;
  }

  #product(): number {
    const latency = this.#latency.value;
    const interval = this.#interval.value;
    if (interval === Infinity || latency === Infinity) return this.least;
    const batches = 1 / Math.max(interval, 1e-3);
    if (this.#probe !== undefined) {
      return Math.max(1, Math.floor((DRAIN * latency + this.#stragglers.excess) * batches));
    }
    const headroom = this.#growing ? STARTUP_HEADROOM : HEADROOM;
    const product = headroom * (latency + this.#stragglers.excess) * batches;
    return Math.max(this.least, Math.min(LARGEST, Math.ceil(product) + 1));
  }
}
