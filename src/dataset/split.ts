import { createHash } from "node:crypto";
import { OptionCheck } from "../check.ts";
import { ID_BYTES } from "../ids.ts";
import { hashPlace } from "./hash.ts";
import { checkList, type SampleList } from "./list_builder.ts";
import { fillQuotas, NO_PART, type Unit } from "./split_fill.ts";
import { quotasOf } from "./split_quotas.ts";

export { NO_PART };

/** How classes are balanced: see {@linkcode SplitOptions.balance}. */
export type Balance = "original" | "class" | "random" | Readonly<Record<number, number>>;

/** Options of {@linkcode splitList}. */
export interface SplitOptions {
  /** Share of each part by its name, such as `{ train: 0.8, val: 0.2 }`; at most 1 together. */
  ratios?: Readonly<Record<string, number>>;
  /** Samples of each part by its name, in place of shares. */
  counts?: Readonly<Record<string, number>>;
  /**
   * `original` (default): each class is cut alike; `class`: each part has equally many of each
   * class; `random`: classes do not matter; or the weight of each class by its label.
   */
  balance?: Balance;
  /** Column of the list, such as `patient`: samples with one value are never in two parts. */
  entity?: string;
  /** Another seed gives another split; 0 when left out. */
  seed?: number;
  /**
   * Parts have exactly the sizes asked for (by entity, as nearly as entities allow). When left out,
   * a sample's part depends on its own id (or entity) alone: sizes are as chance has it, and no
   * sample ever changes its part when others are added.
   */
  exact?: boolean;
  /** An earlier split whose samples stay where they are. */
  previous?: SampleSplit;
  /** Where the list is from, for the provenance. */
  from?: string;
}

/** Where a split comes from. */
export interface SplitProvenance {
  /** Where the list was from. */
  from?: string;
  /** SHA-256 of the ids of the list, in hexadecimal. */
  list: string;
  /** Samples of the list. */
  samples: number;
  /** Shares asked for. */
  ratios?: Readonly<Record<string, number>>;
  /** Numbers of samples asked for. */
  counts?: Readonly<Record<string, number>>;
  /** How classes were balanced. */
  balance: Balance;
  /** Whether sizes are exact. */
  exact: boolean;
  /** Column of the entities. */
  entity?: string;
  /** The seed. */
  seed: number;
  /** Provenance of the split whose samples stayed where they were. */
  previous?: SplitProvenance;
}

/** A list cut into parts. */
export interface SampleSplit {
  /** The list. */
  list: SampleList;
  /** Names of the parts. */
  parts: string[];
  /** Which part each sample of the list is in; {@linkcode NO_PART} for none. */
  part: Uint8Array<ArrayBuffer>;
  /** Where it comes from. */
  provenance: SplitProvenance;
}

const KNOWN: Record<keyof SplitOptions, true> = {
  ratios: true,
  counts: true,
  balance: true,
  entity: true,
  seed: true,
  exact: true,
  previous: true,
  from: true,
};

const check: OptionCheck = new OptionCheck("split");

/**
 * Cuts a list into parts, by the hash of each id or entity, so that the same list and seed always
 * give the same split.
 *
 * @param list The list; nothing else is needed, no database.
 * @param options Shares or sizes, balance, entity and seed.
 * @returns The split.
 * @throws {UsageError} If the list or an option is wrong, or a class has too few samples.
 * @example
 * ```ts
 * import { IdList, splitList } from "@cassette/loader";
 * import { assertEquals } from "@std/assert";
 *
 * const ids = IdList.from(Array.from({ length: 100 }, () => crypto.randomUUID()));
 * const labels = Int32Array.from({ length: 100 }, (_, i) => i % 2);
 * const list = { ids, labels, classes: new Map(), columns: new Map() };
 * const split = splitList(list, { ratios: { train: 0.7, val: 0.3 }, exact: true });
 * assertEquals(split.part.filter((part) => part === 0).length, 70);
 * ```
 */
export function splitList(list: SampleList, options: SplitOptions): SampleSplit {
  checkList(check, list);
  checkOptions(options);
  const { seed = 0, balance = "original", previous } = options;
  const sizes = options.ratios ?? options.counts;
  const parts = Object.keys(sizes!);
  const values = Object.values(sizes!);
  const total = values.reduce((sum, value) => sum + value, 0);
  const stable = options.ratios !== undefined && !options.exact &&
    (balance === "original" || balance === "random");
  const units = unitsOf(list, options, seed);
  const part = new Uint8Array(list.ids.length).fill(NO_PART);
  if (previous) keep(part, list, units, parts, previous);
  if (stable) cut(part, units, values);
  else {
    const labels = balance === "random" ? undefined : list.labels;
    fillQuotas(
      part,
      units,
      labels,
      quotasOf(list, labels, sizes!, options.ratios !== undefined, balance),
      {
        all: options.ratios !== undefined && total > 1 - 1e-9 &&
          (balance === "original" || balance === "random"),
      },
    );
  }
  return { list, parts, part, provenance: provenanceOf(list, options, stable) };
}

/**
 * Picks one part of a split.
 *
 * @param split The split.
 * @param name Name of the part.
 * @returns The samples of that part.
 * @throws {UsageError} If there is no such part.
 */
export function splitPart(split: SampleSplit, name: string): SampleList {
  const at = split.parts.indexOf(name);
  check.that(at >= 0, "part", `one of ${split.parts.map((part) => `"${part}"`).join(", ")}`, name);
  const places: number[] = [];
  split.part.forEach((part, place) => part === at && places.push(place));
  const { ids, labels, classes, columns } = split.list;
  return {
    ids: ids.pick(places),
    labels: Int32Array.from(places, (place) => labels[place]),
    classes,
    columns: new Map([...columns].map(([column, values]) => [column, values.pick(places)])),
  };
}

/** How many samples of a class each part has. */
export interface SplitCount {
  /** Number of the class. */
  label: number;
  /** Name of the class; empty where there is none. */
  className: string;
  /** Samples in each part, in the order of the parts. */
  parts: number[];
  /** Samples in no part. */
  rest: number;
}

/**
 * Counts a split by class and part.
 *
 * @param split The split.
 * @returns A row for each class, by label.
 */
export function splitCounts({ list, parts, part }: SampleSplit): SplitCount[] {
  const rows = new Map<number, SplitCount>();
  list.labels.forEach((label, i) => {
    let row = rows.get(label);
    if (!row) {
      const className = list.classes.get(label) ?? "";
      rows.set(label, row = { label, className, parts: parts.map(() => 0), rest: 0 });
    }
    if (part[i] === NO_PART) row.rest++;
    else row.parts[part[i]]++;
  });
  return [...rows.values()].sort((a, b) => a.label - b.label);
}

function unitsOf(list: SampleList, { entity }: SplitOptions, seed: number): Unit[] {
  const { ids, columns } = list;
  if (entity === undefined) {
    return Array.from({ length: ids.length }, (_, i) => {
      const id = ids.bytes.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
      return { place: hashPlace(id, seed), samples: [i] };
    });
  }
  const column = columns.get(entity);
  if (column === undefined) {
    const names = [...columns.keys()].map((name) => `"${name}"`).join(", ") || "(none)";
    check.refuse("entity", `a column of the list, ${names}`, `"${entity}"`);
  }
  const units = new Map<string, Unit>();
  for (let i = 0; i < ids.length; i++) {
    const value = column.at(i);
    const expected = `a column with a value for each sample (${ids.at(i)})`;
    check.that(value !== null, "entity", expected, null);
    const key = String(value);
    const unit = units.get(key);
    if (unit) unit.samples.push(i);
    else {
      const bytes = new TextEncoder().encode(key);
      units.set(key, { place: hashPlace(bytes, seed), samples: [i] });
    }
  }
  return [...units.values()];
}

/** A unit of which a sample was in a part stays in that part as a whole. */
function keep(
  part: Uint8Array,
  list: SampleList,
  units: Unit[],
  parts: string[],
  previous: SampleSplit,
): void {
  for (const name of previous.parts) {
    const known = parts.includes(name);
    check.that(known, "previous", "a split of parts that this one has too", name);
  }
  const known = new Map<string, number>();
  let at = 0;
  for (const id of previous.list.ids) {
    const before = previous.part[at++];
    if (before !== NO_PART) known.set(id, parts.indexOf(previous.parts[before]));
  }
  for (const { samples } of units) {
    const before = samples.map((i) => known.get(list.ids.at(i))).find((p) =>
      p !== undefined && p >= 0
    );
    if (before !== undefined) { for (const i of samples) part[i] = before; }
  }
}

/** Each unit goes where its own place lies. */
function cut(part: Uint8Array, units: Unit[], ratios: number[]): void {
  const ends: number[] = [];
  for (const ratio of ratios) ends.push((ends.at(-1) ?? 0) + ratio);
  // Shares that are 1 together but for rounding leave nobody out.
  if (ends.at(-1)! > 1 - 1e-9) ends[ends.length - 1] = 1;
  for (const { place, samples } of units) {
    if (part[samples[0]] !== NO_PART) continue;
    const at = ends.findIndex((end) => place < end);
    if (at >= 0) { for (const i of samples) part[i] = at; }
  }
}

function provenanceOf(list: SampleList, options: SplitOptions, stable: boolean): SplitProvenance {
  const { from, ratios, counts, balance = "original", entity, seed = 0, previous } = options;
  return {
    ...(from === undefined ? {} : { from }),
    list: createHash("sha256").update(list.ids.bytes).digest("hex"),
    samples: list.ids.length,
    ...(ratios ? { ratios } : { counts }),
    balance,
    exact: !stable,
    ...(entity === undefined ? {} : { entity }),
    seed,
    ...(previous ? { previous: previous.provenance } : {}),
  };
}

function checkOptions(options: SplitOptions): void {
  check.names(options, KNOWN);
  const { ratios, counts, balance, entity, seed, exact, previous, from } = options;
  if ((ratios === undefined) === (counts === undefined)) {
    const received = ratios === undefined ? "neither" : "both";
    check.refuse("ratios", "given where counts is left out, and the other way round", received);
  }
  const [option, sizes] = ratios === undefined ? ["counts", counts] : ["ratios", ratios];
  check.that(typeof sizes === "object" && sizes !== null, option, "sizes by name", sizes);
  const values = Object.values(sizes!);
  const many = values.length > 0 && values.length < NO_PART;
  check.that(many, option, "of 1 to 254 parts", values.length);
  check.that(!("" in sizes!), option, "sizes by names that are not empty", "");
  const total = values.reduce((sum, value) => sum + value, 0);
  const good = ratios === undefined
    ? values.every((value) => Number.isSafeInteger(value) && value > 0)
    : values.every((value) => value > 0) && total < 1 + 1e-9;
  if (!good) {
    const expected = ratios ? "above 0 and at most 1 together" : "whole numbers from 1 on";
    check.refuse(option, expected, values.join(", "));
  }
  if (typeof balance === "object" && balance !== null) {
    const some = Object.values(balance).some((weight) => weight > 0);
    check.that(some, "balance", "weights by label, of which one is above 0", balance);
  } else check.oneOf("balance", balance, ["original", "class", "random"]);
  check.text("entity", entity);
  check.that(seed === undefined || Number.isSafeInteger(seed), "seed", "a whole number", seed);
  check.flag("exact", exact);
  const isSplit = previous === undefined || previous?.part instanceof Uint8Array;
  check.that(isSplit, "previous", "a split", previous);
  if (previous) {
    checkList(check, previous.list);
    check.that(Array.isArray(previous.parts), "previous.parts", "names", previous.parts);
    const { part, list } = previous;
    const isPart = part.length === list.ids.length;
    check.that(isPart, "previous.part", `a byte for each id, ${list.ids.length}`, part.length);
  }
  check.text("from", from);
}
