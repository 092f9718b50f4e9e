/**
 * Fuzzing by families: each multiplies one structure of a file format (scans, tables, chunks, …), and is
 * held to a cost per byte and pixel.
 *
 * A mutant is decoded in one call with good files, which must come out right. What it costs is compared
 * with a good file's cost in the same run, as machines and their load differ.
 */
import { memory } from "./memory.ts";

/** A file whose structure was multiplied. */
export interface Mutant {
  file: Uint8Array;
  /** What was done, for reports. */
  what: string;
}

/** A way of making such files. */
export interface Family {
  /** What is multiplied. */
  name: string;
  /** Makes a file; the same for the same seed. */
  make(seed: number): Mutant | Promise<Mutant>;
}

/** What came of one file. */
export interface Fate {
  /** A word to count it by: `equal`, `warning`, or the name of an error's class. */
  outcome: string;
  /** What is wrong with that, if something is. */
  wrong?: string;
}

/** What is fuzzed. */
export interface Subject<Decoded extends Disposable> {
  /** Good files that stand beside each mutant. */
  readonly neighbours: readonly Uint8Array[];
  /** A good file of about a megapixel, whose cost others are compared with. */
  readonly baseline: Uint8Array;
  /** Pixels that a file's header asks for; 0 if there is none. */
  pixels(file: Uint8Array): number;
  /** Decodes files in one call, to the end of all work; this is what is timed. */
  decode(files: readonly Uint8Array[]): Promise<Decoded>;
  /** Says what came of a file; a neighbour must be whole and equal to the oracle's. */
  judge(decoded: Decoded, index: number, file: Uint8Array, neighbour: boolean): Promise<Fate>;
  /** Most bytes of GPU buffers that there were at once since it was last asked. */
  gpuPeak?(): number;
}

/** A cost of a mutant beyond its neighbours'. */
export interface Cost {
  ms: number;
  rssBytes: number;
  gpuBytes: number;
}

/** The mutant of a family that costs most of something. */
export interface Worst {
  /** The cost, in milliseconds or bytes. */
  cost: number;
  /** How many times what a good file costs per byte and pixel. */
  times: number;
  /** Which mutant. */
  what: string;
}

/** What a family did. */
export interface FamilyReport {
  family: string;
  files: number;
  /** Number of files, by outcome. */
  outcomes: Record<string, number>;
  /** Neighbours that came out right. */
  neighbours: number;
  worst: Record<keyof Cost, Worst>;
  /** Everything that must not be: wrong outcomes, and costs beyond the bound. */
  wrong: string[];
}

/**
 * Bytes and pixels that any file may cost in addition: what a call costs whatever is in it.
 */
const FREE_UNITS = 2 ** 18;
/** How many times a good file's cost per byte and pixel a mutant may cost. */
export const BOUNDS: Readonly<Record<keyof Cost, number>> = {
  ms: 100,
  rssBytes: 50,
  gpuBytes: 50,
};
/** A good file's cost per byte and pixel, at least: what is reused costs nothing; a pixel has 4 bytes. */
const LEAST_UNIT: Readonly<Record<keyof Cost, number>> = { ms: 1e-9, rssBytes: 4, gpuBytes: 4 };
/** Tries after which a cost counts: other processes slow one down, but not each. */
const TRIES = 3;
const COSTS = Object.keys(BOUNDS) as (keyof Cost)[];

/** What files cost. */
class Scale<Decoded extends Disposable> {
  readonly #subject: Subject<Decoded>;
  /** Cost of the neighbours alone, and of a byte or pixel. */
  #rest: Cost = { ms: 0, rssBytes: 0, gpuBytes: 0 };
  readonly #unit: Cost = { ms: 0, rssBytes: 0, gpuBytes: 0 };

  constructor(subject: Subject<Decoded>) {
    this.#subject = subject;
  }

  /** Measures good files. */
  async calibrate(): Promise<void> {
    const { neighbours, baseline } = this.#subject;
    this.#rest = await this.#least(neighbours);
    const own = this.minusRest(await this.#least([...neighbours, baseline]));
    for (const cost of COSTS) {
      const unit = own[cost] / (this.units(baseline) - FREE_UNITS);
      this.#unit[cost] = Math.max(unit, LEAST_UNIT[cost]);
    }
  }

  units(file: Uint8Array): number {
    return file.length + this.#subject.pixels(file) + FREE_UNITS;
  }

  minusRest(cost: Cost): Cost {
    const own = { ...cost };
    for (const name of COSTS) own[name] = Math.max(0, cost[name] - this.#rest[name]);
    return own;
  }

  /** How many times a good file's cost per byte and pixel that is. */
  times(file: Uint8Array, name: keyof Cost, cost: number): number {
    return cost / (this.#unit[name] * this.units(file));
  }

  async #least(files: readonly Uint8Array[]): Promise<Cost> {
    const least: Cost = { ms: Infinity, rssBytes: Infinity, gpuBytes: Infinity };
    // The first one compiles and allocates.
    for (let i = 0; i <= TRIES; i++) {
      const { cost, decoded } = await measure(this.#subject, files);
      decoded[Symbol.dispose]();
      if (i > 0) { for (const name of COSTS) least[name] = Math.min(least[name], cost[name]); }
    }
    return least;
  }
}

/**
 * Runs families.
 *
 * @param subject What is fuzzed.
 * @param families The families.
 * @param options Mutants of each family, the first one's seed, and who is told of each report.
 * @returns A report for each.
 */
export async function runFamilies<Decoded extends Disposable>(
  subject: Subject<Decoded>,
  families: readonly Family[],
  { count, seed = 1, progress }: {
    count: number;
    seed?: number;
    progress?: (report: FamilyReport) => void;
  },
): Promise<FamilyReport[]> {
  const scale = new Scale(subject);
  await scale.calibrate();
  const reports: FamilyReport[] = [];
  for (const family of families) {
    const none = () => ({ cost: 0, times: 0, what: "" });
    const report: FamilyReport = {
      family: family.name,
      files: 0,
      outcomes: {},
      neighbours: 0,
      worst: { ms: none(), rssBytes: none(), gpuBytes: none() },
      wrong: [],
    };
    for (let i = 0; i < count; i++) await runOne(subject, scale, family, seed + i, report);
    reports.push(report);
    progress?.(report);
  }
  return reports;
}

async function runOne<Decoded extends Disposable>(
  subject: Subject<Decoded>,
  scale: Scale<Decoded>,
  family: Family,
  seed: number,
  report: FamilyReport,
): Promise<void> {
  const { file, what } = await family.make(seed);
  const name = `${family.name}, seed ${seed} (${what})`;
  // In the middle, so that it has neighbours on both sides.
  const place = Math.floor(subject.neighbours.length / 2);
  const files = subject.neighbours.toSpliced(place, 0, file);
  let least: Cost | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const { cost, decoded } = await measure(subject, files);
    using _ = decoded;
    const own = scale.minusRest(cost);
    least = least ? smaller(least, own) : own;
    if (tries === 0) {
      for (const [i, each] of files.entries()) {
        const fate = await subject.judge(decoded, i, each, i !== place);
        if (fate.wrong) report.wrong.push(`${name}, file ${i}: ${fate.wrong}`);
        if (i === place) report.outcomes[fate.outcome] = (report.outcomes[fate.outcome] ?? 0) + 1;
        else if (!fate.wrong) report.neighbours++;
      }
    }
    const dear = COSTS.some((cost) => scale.times(file, cost, least![cost]) > BOUNDS[cost]);
    if (!dear) break;
  }
  report.files++;
  for (const cost of COSTS) {
    const times = scale.times(file, cost, least![cost]);
    if (times > report.worst[cost].times) report.worst[cost] = { cost: least![cost], times, what };
    if (times <= BOUNDS[cost]) continue;
    report.wrong.push(
      `${name}: ${cost} must be at most ${
        BOUNDS[cost]
      } times a good file's per byte and pixel: received ${times.toFixed(1)} times (${
        Math.round(least![cost])
      } for ${scale.units(file)} bytes and pixels)`,
    );
  }
}

async function measure<Decoded extends Disposable>(
  subject: Subject<Decoded>,
  files: readonly Uint8Array[],
): Promise<{ cost: Cost; decoded: Decoded }> {
  const peak = memory();
  subject.gpuPeak?.();
  const start = performance.now();
  const decoded = await subject.decode(files);
  const ms = performance.now() - start;
  return { cost: { ms, rssBytes: peak(), gpuBytes: subject.gpuPeak?.() ?? 0 }, decoded };
}

function smaller(a: Cost, b: Cost): Cost {
  return {
    ms: Math.min(a.ms, b.ms),
    rssBytes: Math.min(a.rssBytes, b.rssBytes),
    gpuBytes: Math.min(a.gpuBytes, b.gpuBytes),
  };
}

/**
 * Writes reports as a table of Markdown.
 *
 * @param reports The reports.
 * @returns Lines.
 */
export function table(reports: readonly FamilyReport[]): string {
  const mib = ({ cost, times }: Worst) => `${(cost / 2 ** 20).toFixed(1)} (${times.toFixed(1)}×)`;
  const rows = reports.map(({ family, files, outcomes, neighbours, worst }) =>
    [
      family,
      files,
      Object.entries(outcomes).map(([outcome, n]) => `${n} ${outcome}`).join(", "),
      neighbours,
      `${worst.ms.cost.toFixed(0)} (${worst.ms.times.toFixed(1)}×)`,
      mib(worst.rssBytes),
      mib(worst.gpuBytes),
    ].join(" | ")
  );
  return [
    "Family | Files | Outcomes | Neighbours equal | Worst ms | Worst MiB | Worst GPU MiB",
    "--- | --- | --- | --- | --- | --- | ---",
    ...rows,
  ].map((row) => `| ${row} |`).join("\n");
}
