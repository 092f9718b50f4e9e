import cliProgress from "cli-progress";
import { visible } from "../check.ts";
import { warn } from "./say.ts";

/** Milliseconds between lines where there is no terminal. */
const LINE_EVERY = 5000;

/** Shows how far something has come: a bar on a terminal, plain lines elsewhere. */
export class Progress implements Disposable {
  readonly #title: string;
  readonly #unit: string;
  readonly #total: number;
  readonly #start = performance.now();
  readonly #bar: cliProgress.SingleBar | undefined;
  #lastLine = this.#start;
  #done = 0;

  /**
   * @param title What is being done.
   * @param total How much there is to do.
   * @param unit What is counted.
   */
  constructor(title: string, total: number, unit: string) {
    this.#title = title;
    this.#unit = unit;
    this.#total = total;
    if (!Deno.stderr.isTerminal()) return;
    this.#bar = new cliProgress.SingleBar({
      format: `${visible(title)} {bar} {value}/{total} ${unit}, {rate}/s, {eta_formatted} left`,
      hideCursor: true,
    }, cliProgress.Presets.shades_classic);
    this.#bar.start(total, 0, { rate: "–" });
  }

  /**
   * Shows a new state.
   *
   * @param done How much has been done.
   */
  update(done: number): void {
    this.#done = done;
    const now = performance.now();
    const rate = Math.round(done / Math.max(1e-3, (now - this.#start) / 1000));
    this.#bar?.update(done, { rate });
    if (this.#bar || now - this.#lastLine < LINE_EVERY) return;
    this.#lastLine = now;
    const left = rate > 0 ? Math.ceil((this.#total - done) / rate) : 0;
    const whole = this.#total > 0 ? `/${this.#total}` : "";
    const eta = this.#total > 0 && rate > 0 ? `, ${clock(left)} left` : "";
    warn(`${this.#title}: ${done}${whole} ${this.#unit}, ${rate}/s${eta}`);
  }

  /** Ends the bar, or writes the last line. */
  [Symbol.dispose](): void {
    if (this.#bar) {
      this.#bar.stop();
      return;
    }
    const seconds = (performance.now() - this.#start) / 1000;
    const whole = this.#total > 0 ? `/${this.#total}` : "";
    warn(
      `${this.#title}: ${this.#done}${whole} ${this.#unit} in ${seconds.toFixed(1)} s`,
    );
  }
}

/** Seconds as `1:02:03`. */
function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}
