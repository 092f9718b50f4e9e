/** A seeded, structure-aware mutator of JPEG files. */
import { join } from "./handmade.ts";
import { random } from "./support.ts";

/** A marker of a damaged file, as far as it can be told, and what follows it up to the next one. */
interface Span {
  code: number;
  /** Offset of 0xFF. */
  begin: number;
  /** Offset after its segment: of a scan, where its data begins. */
  end: number;
  /** Offset after its data. */
  next: number;
}

type Mutation = (file: Uint8Array, dice: Dice, other: Uint8Array) => Uint8Array;

/** Draws numbers. */
class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  /** One of a list. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** Finds the markers of a file; stops where it cannot tell. */
function spans(file: Uint8Array): Span[] {
  const found: Span[] = [];
  for (let at = 2; at + 3 < file.length && file[at] === 0xff;) {
    const code = file[at + 1];
    const alone = code >= 0xd0 && code <= 0xd9;
    const end = Math.min(at + 2 + (alone ? 0 : file[at + 2] << 8 | file[at + 3]), file.length);
    let next = end;
    if (code === 0xda) {
      const isData = () =>
        file[next] !== 0xff || file[next + 1] === 0 || (file[next + 1] & 0xf8) === 0xd0;
      while (next < file.length && isData()) next++;
    }
    found.push({ code, begin: at, end, next });
    if (next <= at) break;
    at = next;
  }
  return found;
}

/** Segments of some kinds; any if there are none. */
function pickSpan(file: Uint8Array, dice: Dice, ...codes: number[]): Span {
  const all = spans(file);
  const wanted = codes.length ? all.filter(({ code }) => codes.includes(code)) : all;
  return dice.of(
    wanted.length ? wanted : all.length ? all : [
      { code: 0, begin: 0, end: file.length, next: file.length },
    ],
  );
}

/** Changes some bytes between two offsets. */
function poke(file: Uint8Array, dice: Dice, begin: number, end: number, most: number): Uint8Array {
  const copy = file.slice();
  if (end <= begin) return copy;
  for (let n = 1 + dice.below(most); n > 0; n--) {
    const at = begin + dice.below(end - begin);
    if (dice.below(2)) copy[at] ^= 1 << dice.below(8);
    else copy[at] = dice.of([0, 1, 0x11, 0x22, 63, 127, 254, 255, dice.below(256)]);
  }
  return copy;
}

const without = (file: Uint8Array, begin: number, end: number) =>
  join(file.subarray(0, begin), file.subarray(end));
const inserted = (file: Uint8Array, at: number, bytes: Uint8Array) =>
  join(file.subarray(0, at), bytes, file.subarray(at));

const SOF = [0xc0, 0xc1, 0xc2];
const DHT = 0xc4;
const DQT = 0xdb;
const SOS = 0xda;
const DRI = 0xdd;

/** What is done to files, by name. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "bits of the whole file": (file, dice) => poke(file, dice, 2, file.length, 6),
  "bits of the data": (file, dice) => {
    const { end, next } = pickSpan(file, dice, SOS);
    return poke(file, dice, end, next, 4);
  },
  "a cut": (file, dice) => file.slice(0, 2 + dice.below(file.length - 2)),
  "a segment's content": (file, dice) => {
    const { begin, end } = pickSpan(file, dice);
    return poke(file, dice, begin + 4, end, 3);
  },
  "a frame header": (file, dice) => {
    const { begin, end } = pickSpan(file, dice, ...SOF);
    return poke(file, dice, begin + 6, end, 2);
  },
  "a scan header": (file, dice) => {
    const { begin, end } = pickSpan(file, dice, SOS);
    return poke(file, dice, begin + 4, end, 2);
  },
  "a quantiser": (file, dice) => {
    const { begin, end } = pickSpan(file, dice, DQT);
    return poke(file, dice, begin + 5, end, 12);
  },
  "a Huffman table": (file, dice) => {
    const { begin, end } = pickSpan(file, dice, DHT);
    return poke(file, dice, begin + 4, end, 2);
  },
  "a length": (file, dice) => {
    const { begin } = pickSpan(file, dice);
    const copy = file.slice();
    copy[begin + 3] += dice.below(7) - 3;
    if (dice.below(8) === 0) copy[begin + 2] = dice.below(256);
    return copy;
  },
  "a marker's code": (file, dice) => {
    const { begin } = pickSpan(file, dice);
    const copy = file.slice();
    copy[begin + 1] = dice.below(2) ? copy[begin + 1] ^ 1 << dice.below(8) : dice.below(256);
    return copy;
  },
  "a lost segment": (file, dice) => {
    const { begin, next } = pickSpan(file, dice);
    return without(file, begin, next);
  },
  "a segment twice": (file, dice) => {
    const { begin, next } = pickSpan(file, dice);
    return inserted(file, next, file.subarray(begin, next));
  },
  "a segment elsewhere": (file, dice) => {
    const { begin, next } = pickSpan(file, dice);
    const at = pickSpan(file, dice).begin;
    const rest = without(file, begin, next);
    return inserted(
      rest,
      at > begin ? Math.max(2, at - next + begin) : at,
      file.slice(begin, next),
    );
  },
  "a segment of another file": (file, dice, other) => {
    const { begin, next } = pickSpan(other, dice);
    return inserted(file, pickSpan(file, dice).begin, other.subarray(begin, next));
  },
  "tables of another file": (file, dice, other) => {
    const code = dice.of([DHT, DQT]);
    const mine = pickSpan(file, dice, code);
    const theirs = pickSpan(other, dice, code);
    return join(
      file.subarray(0, mine.begin),
      other.subarray(theirs.begin, theirs.end),
      file.subarray(mine.end),
    );
  },
  "data of another file": (file, dice, other) => {
    const mine = pickSpan(file, dice, SOS);
    const theirs = pickSpan(other, dice, SOS);
    return join(
      file.subarray(0, mine.end),
      other.subarray(theirs.end, theirs.next),
      file.subarray(mine.next),
    );
  },
  "lost bytes": (file, dice) => {
    const { end, next } = pickSpan(file, dice, SOS);
    const at = end + dice.below(Math.max(1, next - end));
    return without(file, at, Math.min(next, at + 1 + dice.below(9)));
  },
  "foreign bytes": (file, dice) => {
    const { end, next } = pickSpan(file, dice, SOS);
    const bytes = Uint8Array.from({ length: 1 + dice.below(20) }, () => dice.below(256));
    return inserted(file, end + dice.below(Math.max(1, next - end + 1)), bytes);
  },
  "junk or fill between markers": (file, dice) => {
    const byte = dice.below(2) ? 0xff : dice.below(256);
    return inserted(
      file,
      pickSpan(file, dice).begin,
      new Uint8Array(1 + dice.below(5)).fill(byte),
    );
  },
  "restart markers": (file, dice) => {
    const copy = file.slice();
    const places: number[] = [];
    for (let i = 0; i + 1 < file.length; i++) {
      if (file[i] === 0xff && (file[i + 1] & 0xf8) === 0xd0) places.push(i);
    }
    if (places.length === 0) {
      const { end, next } = pickSpan(file, dice, SOS);
      const at = end + dice.below(Math.max(1, next - end));
      return inserted(file, at, Uint8Array.of(0xff, 0xd0 + dice.below(8)));
    }
    const at = dice.of(places);
    if (dice.below(3) === 0) return without(file, at, at + 2);
    copy[at + 1] = dice.below(2) ? 0xd0 + dice.below(8) : dice.below(256);
    return copy;
  },
  "a restart interval": (file, dice) => {
    const interval = Uint8Array.of(0xff, DRI, 0, 4, 0, dice.below(12));
    return inserted(file, pickSpan(file, dice, SOS).begin, interval);
  },
  "no end": (file) => file.slice(0, -2),
};

/** A mutated file, and what was done to it. */
export interface Mutant {
  file: Uint8Array;
  names: string[];
}

/**
 * Mutates a file, one to three times.
 *
 * @param corpus Whole files.
 * @param seed Gives the same mutant for the same corpus.
 */
export function mutate(corpus: readonly Uint8Array[], seed: number): Mutant {
  const dice = new Dice(seed);
  let file = dice.of(corpus);
  const names: string[] = [];
  for (let n = dice.of([1, 1, 1, 2, 3]); n > 0 && file.length > 4; n--) {
    const name = dice.of(Object.keys(MUTATIONS));
    file = MUTATIONS[name](file, dice, dice.of(corpus));
    names.push(name);
  }
  return { file, names };
}
