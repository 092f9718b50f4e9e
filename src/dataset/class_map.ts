import { largest } from "../extremes.ts";
import { IngestError, SchemaError } from "../errors.ts";
import { formatId } from "../ids.ts";
import { classConflict } from "./class_names.ts";
import type { DatasetInput, InputItem } from "./input.ts";
import { type DatasetWriter, pathId } from "./record.ts";

/** A class that shall be in the map of a data set. */
export interface NumberedClass {
  /** Its name. */
  name: string;
  /** Its number. */
  label: number;
}

/**
 * Where numbers of classes come from: the user has `given` them, or they are the input's `own`, such
 * as the places of folders in alphabetical order.
 */
export type Numbering = "given" | "own";

/**
 * Numbers classes so that they fit those that are there. Numbers that were given must be free, or be
 * those of their classes; for the input's own, a class that is there keeps its number, and a new one
 * comes after all others.
 *
 * @param known Number of each class that is there.
 * @param wanted Classes in the order of their numbers.
 * @param numbering Where their numbers come from.
 * @returns Classes to be added.
 * @throws {SchemaError} If a class that was given a number has another, or the number another class.
 */
export function newClasses(
  known: ReadonlyMap<string, number>,
  wanted: readonly NumberedClass[],
  numbering: Numbering,
): NumberedClass[] {
  const all = new Map(known);
  const names = new Map([...known].map(([name, label]) => [label, name]));
  const own = numbering === "own" && known.size > 0;
  let next = largest(names.keys(), -1) + 1;
  const added: NumberedClass[] = [];
  for (const { name, label: given } of wanted) {
    const number = all.get(name);
    if (number !== undefined && (number === given || numbering === "own")) continue;
    const label = own ? next++ : given;
    if (number !== undefined || names.has(label)) {
      throw classConflict(name, label, number, names.get(label));
    }
    all.set(name, label);
    names.set(label, name);
    added.push({ name, label });
  }
  return added;
}

/** Gives the items of an ingest the numbers that their classes have in the data set. */
export class ClassNumbers {
  readonly #writer: DatasetWriter;
  readonly #input: DatasetInput;
  readonly #signal: AbortSignal | undefined;
  #known: ReadonlyMap<string, number> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param writer Keeps the map of classes; one that keeps none leaves numbers as they are.
   * @param input Names its classes.
   * @param signal Ends a wait for other connections.
   */
  constructor(writer: DatasetWriter, input: DatasetInput, signal?: AbortSignal) {
    this.#writer = writer;
    this.#input = input;
    this.#signal = signal;
  }

  /**
   * Puts the classes that the input names before it is read into the map.
   *
   * @throws {SchemaError} If one has another number there.
   */
  async begin(): Promise<void> {
    const { classes, numbering } = this.#input;
    const wanted = classes.map((name, label) => ({ name, label }))
      .filter(({ name }) => name !== undefined && (name !== "" || numbering === "own"));
    await this.#add(wanted, numbering ?? "given");
  }

  /**
   * Numbers the class of an item.
   *
   * @param item The item.
   * @returns Its label.
   * @throws {IngestError} If its class has another number in the data set, or its number another class.
   */
  async label(item: InputItem): Promise<number | null> {
    const { className, label, path } = item;
    const isOwn = (item.numbering ?? this.#input.numbering) === "own";
    if (label === null || !this.#known || (className === "" && !isOwn)) return label;
    const known = this.#known.get(className);
    if (known !== undefined && (isOwn || known === label)) return known;
    // What is no label at all is told with the record.
    if (label !== (label | 0)) return label;
    try {
      await this.#add([{ name: className, label }], isOwn ? "own" : "given");
    } catch (cause) {
      if (!(cause instanceof SchemaError)) throw cause;
      const sampleId = formatId(pathId(path));
      const reason = cause.message.replace(/^.*? as /, "");
      throw new IngestError(`Cannot ingest ${path} (${sampleId}) as ${reason}`, {
        sampleId,
        cause,
      });
    }
    return this.#known.get(className)!;
  }

  /** Names of the classes by label; those of the input where the writer keeps no map. */
  get names(): string[] {
    const { classes } = this.#input;
    // Where lines name some classes only, there are none between them.
    if (!this.#known) return Array.from(classes, (name) => name ?? "");
    const names: string[] = [];
    for (const [name, label] of this.#known) if (label >= 0 && label < MOST) names[label] = name;
    return Array.from(names, (name) => name ?? "");
  }

  /** One after another: many items of a new class come at once. */
  async #add(wanted: NumberedClass[], numbering: Numbering): Promise<void> {
    const add = async () => {
      const isThere = this.#known !== undefined &&
        wanted.every(({ name, label }) => this.#known!.get(name) === label);
      if (!isThere) {
        this.#known = await this.#writer.numberClasses?.(wanted, numbering, this.#signal);
      }
    };
    const added = this.#last.then(add);
    this.#last = added.catch(() => {});
    await added;
  }
}

/** Labels from here on are no numbers of classes: a list of all names up to them would be too long. */
const MOST = 1 << 16;
