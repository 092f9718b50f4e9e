import { basename } from "node:path";
import { LimitsError, UnsupportedFormatError } from "../errors.ts";
import type { Endings } from "./endings.ts";
import { MOST_PATH_BYTES } from "./ingest_item.ts";
import { TarGuard } from "./tar_guard.ts";

/** Files of one sample by their extensions. */
export interface TarSample {
  /** The name that its files share, up to the first dot. */
  key: string;
  /** Bytes by extension. */
  files: Map<string, Uint8Array>;
  /** Number of its first file in the shard, from 1. */
  number: number;
  /** Why it is left out. */
  fault?: Error;
}

/** What reading a shard changes and heeds. */
export interface TarReading {
  /** Bytes of all shards that have been read. */
  read: number;
  /** Told of what is no file. */
  passedOver: Endings;
  /** Most bytes of the files of one sample together. */
  maxBlobBytes: number;
}

/**
 * Bytes that a shard may inflate to: so many, and so many for each of its own. Pictures are
 * compressed already and hardly shrink; what shrinks a thousandfold is made to.
 */
const FREE_INFLATION = 64 * 2 ** 20;
const MOST_INFLATION = 200;

/**
 * Reads a shard, sample by sample.
 *
 * @param file Path of the tar file, gzipped or not.
 * @param reading Limits, and what is counted.
 * @returns The samples, in the order of their files.
 * @throws If it is no tar file from somewhere on, or inflates to far more than its size.
 */
export async function* tarSamples(file: string, reading: TarReading): AsyncGenerator<TarSample> {
  // Loaded only here, as most data sets are not in shards.
  const { createTarDecoder } = await import("modern-tar");
  const { passedOver, maxBlobBytes } = reading;
  const guard = new TarGuard();
  const entries = (await unzipped(file, reading)).pipeThrough(guard.stream())
    .pipeThrough(createTarDecoder({ strict: true }));
  let sample: TarSample | undefined;
  let bytes = 0;
  let number = 0;
  for await (const { header, body } of entries) {
    number++;
    const kind = guard.sparse.delete(number) ? "sparse file" : header.type ?? "file";
    const name = header.name.replace(/^\.\//, "");
    if (kind !== "file" || basename(name).startsWith(".")) {
      if (kind !== "directory") passedOver.count(kind === "file" ? "hidden file" : kind);
      await pass(body);
      continue;
    }
    // Names of any length may stand in an extended header.
    const [, key, ending] = /^((?:.*\/)?[^./]*)\.?(.*)$/s.exec(name.slice(0, MOST_PATH_BYTES + 1))!;
    const extension = ending.toLowerCase();
    if (sample && (sample.key !== key || sample.files.has(extension))) {
      yield sample;
      sample = undefined;
    }
    if (!sample) {
      sample = { key, files: new Map(), number };
      bytes = 0;
    }
    bytes += header.size;
    sample.fault ??= faultOf(name, bytes, maxBlobBytes);
    if (sample.fault) {
      sample.files.clear();
      await pass(body);
    } else sample.files.set(extension, new Uint8Array(await new Response(body).arrayBuffer()));
  }
  if (sample) yield sample;
}

/** Reads what is not wanted: to cancel it may end the entry after it, which has begun by then. */
async function pass(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of body);
}

function faultOf(name: string, bytes: number, most: number): Error | undefined {
  if (name.startsWith("/") || name.split("/").includes("..")) {
    return new UnsupportedFormatError(
      `Cannot ingest ${name} as a name in a tar file must be a path within it: received ${
        name.startsWith("/") ? "an absolute one" : 'one with ".."'
      }`,
    );
  }
  if (bytes <= most) return undefined;
  return new LimitsError(
    `Cannot ingest ${name} as the files of a sample must have at most ${most} bytes (maxBlobBytes): received ${bytes}`,
    { option: "maxBlobBytes" },
  );
}

async function unzipped(
  file: string,
  reading: TarReading,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const opened = await Deno.open(file);
  let own = 0;
  const counted = opened.readable.pipeThrough(each((chunk) => {
    own += chunk.length;
    reading.read += chunk.length;
  }));
  if (!/\.t?gz$/i.test(file)) return counted;
  let inflated = 0;
  return counted.pipeThrough(new DecompressionStream("gzip")).pipeThrough(each((chunk) => {
    inflated += chunk.length;
    if (inflated <= FREE_INFLATION + MOST_INFLATION * own) return;
    throw new LimitsError(
      `Cannot read ${file} as it must inflate to at most ${MOST_INFLATION} times its size: received ${inflated} bytes of ${own}`,
    );
  }));
}

/** Looks at each chunk, and hands it on. */
function each(look: (chunk: Uint8Array) => void) {
  return new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      look(chunk);
      controller.enqueue(chunk);
    },
  });
}
