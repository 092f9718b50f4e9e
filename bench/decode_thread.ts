/**
 * What a decode costs the JavaScript thread, in microseconds a photo, from blob to submitted work:
 * with blobs that were lexed in C on another thread, and with the lexer in TypeScript; and what waiting
 * for the status of three batches at once costs, as the loader does it, against waiting once at the end.
 *
 * Run it by `deno task bench decode_thread [--pictures DIR]`; the last line is one JSON object.
 */
import { JpegDecoder, requestDevice } from "../mod.ts";
import { NativeLexer } from "../src/ffi/native_lexer.ts";
import { MemoryBlobBatch } from "../src/source/blob_batch.ts";
import { median } from "./compare.ts";
import { loadPictures } from "./pictures.ts";

const COUNT = 64;
const ROUNDS = 40;
/** As `AHEAD` in `src/pipeline/pipeline.ts`. */
const GROUP = 3;
const STREAM = 24;
const STREAM_BATCH = 32;
const STREAM_RUNS = 5;

const { blobs: files, origin } = await loadPictures(undefined, COUNT);
console.error(`pictures: ${origin}`);
const device = await requestDevice();
using decoder = new JpegDecoder(device);
await decoder.warmUp();
const batch = new MemoryBlobBatch(files.map((data) => ({ data, label: null })));
const lexer = await NativeLexer.open();
const lexed = await lexer.lex(batch);
const plain = { length: files.length, blob: (i: number) => batch.blob(i) };

/** Microseconds a photo: the median, and the fastest, which other processes disturb least. */
async function thread(blobs: typeof plain): Promise<{ median: number; fastest: number }> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    using images = await decoder.decode(blobs);
    times.push((performance.now() - start) * 1000 / files.length);
    await images.verify();
  }
  times.sort((a, b) => a - b);
  return { median: times[ROUNDS >> 1], fastest: times[0] };
}

/** Images a second of a stream whose status is asked for every `group` batches. */
async function stream(group: number): Promise<number> {
  const part = files.slice(0, STREAM_BATCH);
  const start = performance.now();
  for (let done = 0; done < STREAM; done += group) {
    const waiting = [];
    for (let i = 0; i < Math.min(group, STREAM - done); i++) {
      using images = await decoder.decode(part);
      waiting.push(images.verify());
    }
    await Promise.all(waiting);
  }
  return STREAM * part.length / (performance.now() - start) * 1000;
}

const grouped: number[] = [];
const once: number[] = [];
await stream(GROUP);
for (let run = 0; run < STREAM_RUNS; run++) {
  grouped.push(await stream(GROUP));
  once.push(await stream(STREAM));
}
const result = {
  lexed_us: await thread({ ...plain, lexed } as typeof plain),
  plain_us: await thread(plain),
  bytes: files.reduce((sum, file) => sum + file.length, 0) / files.length,
  status_cost: 1 - median(grouped) / median(once),
  raw: { grouped, once },
};
device.destroy();
console.log(JSON.stringify(result));
