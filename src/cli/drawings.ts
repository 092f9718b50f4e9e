import jpeg from "jpeg-js";
import { pathId, type SampleRecord } from "../dataset/record.ts";

/** Names of the classes that {@linkcode drawRecords} draws, by label. */
const DRAWN_CLASSES = ["disc", "ring", "stripes", "checks"] as const;

type Shade = (x: number, y: number) => boolean;

const QUALITY = 85;

/**
 * Draws pictures in code, for a demonstration without any data: coloured shapes on a gradient.
 *
 * @param count How many pictures; the classes take turns.
 * @param seed Another seed gives other pictures.
 * @returns The records, one after the other.
 */
export function* drawRecords(count: number, seed = 1): Generator<SampleRecord> {
  const random = mulberry32(seed);
  for (let i = 0; i < count; i++) {
    const label = i % DRAWN_CLASSES.length;
    const className = DRAWN_CLASSES[label];
    const path = `${className}/${String(i).padStart(5, "0")}.jpg`;
    yield { id: pathId(path), path, className, label, data: draw(label, random) };
  }
}

function draw(label: number, random: () => number): Uint8Array {
  const width = 200 + Math.floor(random() * 200);
  const height = 160 + Math.floor(random() * 200);
  const inside = shade(label, width, height, random);
  const front = Array.from({ length: 3 }, () => 120 + random() * 135);
  const back = Array.from({ length: 3 }, () => random() * 110);
  const data = new Uint8Array(width * height * 4);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const colour = inside(x, y) ? front : back;
      const light = 0.7 + 0.3 * (x / width + y / height) / 2 + (random() - 0.5) * 0.06;
      for (let c = 0; c < 3; c++) data[at + c] = Math.min(255, colour[c] * light);
      data[at + 3] = 255;
    }
  }
  return new Uint8Array(jpeg.encode({ width, height, data }, QUALITY).data);
}

function shade(label: number, width: number, height: number, random: () => number): Shade {
  const x0 = width * (0.35 + random() * 0.3);
  const y0 = height * (0.35 + random() * 0.3);
  const radius = Math.min(width, height) * (0.2 + random() * 0.2);
  const angle = random() * Math.PI;
  const period = 16 + random() * 24;
  const along = (x: number, y: number, turn: number) =>
    Math.floor((x * Math.cos(angle + turn) + y * Math.sin(angle + turn)) / period) & 1;
  switch (DRAWN_CLASSES[label]) {
    case "disc":
      return (x, y) => Math.hypot(x - x0, y - y0) < radius;
    case "ring":
      return (x, y) => Math.abs(Math.hypot(x - x0, y - y0) - radius) < radius * 0.3;
    case "stripes":
      return (x, y) => along(x, y, 0) === 1;
    case "checks":
      return (x, y) => (along(x, y, 0) ^ along(x, y, Math.PI / 2)) === 1;
  }
}

/** A small random generator (Tommy Ettinger, public domain), so that the pictures are always the same. */
function mulberry32(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
