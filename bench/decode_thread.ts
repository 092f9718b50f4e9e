/**
 * What a decode costs the JavaScript thread, in microseconds a photo, from blob to submitted work:
 * with blobs that were lexed in C on another thread, in batches of 64 and 128, and with the lexer in
 * TypeScript; and what the status of each sample costs, asked for every four batches as the loader does
 * it, against not asking at all.
 *
 * Run it by `deno task bench decode_thread [--pictures DIR]`; the last line is one JSON object.
 */
import { type BlobList, JpegDecoder, requestDevice } from "../mod.ts";
import { NativeLexer } from "../src/ffi/native_lexer.ts";
import { MemoryBlobBatch } from "../src/source/blob_batch.ts";
import { median } from "./compare.ts";
import { loadPictures } from "./pictures.ts";

const COUNT = 64;
const ROUNDS = 60;
/** Rounds before those that count: V8 compiles what runs often, and an epoch has more batches. */
const WARM_ROUNDS = 60;
/** As `AHEAD` in `src/pipeline/pipeline.ts`, all of which are waited for here. */
const GROUP = 4;
const STREAM = 24;
const STREAM_BATCH = 32;
const STREAM_RUNS = 5;

const { blobs, origin } = await loadPictures(undefined, 2 * COUNT);
console.error(`pictures: ${origin}`);
const files = blobs.slice(0, COUNT);
const device = await requestDevice();
using decoder = new JpegDecoder(device);
await decoder.warmUp();
const lexer = await NativeLexer.open();

/** Pictures in one arena, as a source gives them. */
async function arena(files: Uint8Array[], native: boolean): Promise<BlobList> {
  const batch = new MemoryBlobBatch(files.map((data) => ({ data, label: null })));
  const lexed = native ? await lexer.lex(batch) : undefined;
  return { length: files.length, blob: (i) => batch.blob(i), lexed };
}

/** Microseconds a photo: the median, and the fastest, which other processes disturb least. */
async function thread(blobs: BlobList): Promise<{ median: number; fastest: number }> {
  const times: number[] = [];
  for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
    const start = performance.now();
    using images = await decoder.decode(blobs);
    if (round >= WARM_ROUNDS) times.push((performance.now() - start) * 1000 / blobs.length);
    await images.verify();
  }
  times.sort((a, b) => a - b);
  return { median: times[ROUNDS >> 1], fastest: times[0] };
}

/** Images a second of a stream whose status is asked for every `group` batches, or never. */
async function stream(group: number, asks: boolean): Promise<number> {
  const part = files.slice(0, STREAM_BATCH);
  const start = performance.now();
  for (let done = 0; done < STREAM; done += group) {
    const waiting = [];
    for (let i = 0; i < Math.min(group, STREAM - done); i++) {
      using images = await decoder.decode(part);
      if (asks) waiting.push(images.verify());
    }
    await Promise.all(waiting);
  }
  await device.queue.onSubmittedWorkDone();
  return STREAM * part.length / (performance.now() - start) * 1000;
}

const grouped: number[] = [];
const never: number[] = [];
await stream(GROUP, true);
for (let run = 0; run < STREAM_RUNS; run++) {
  grouped.push(await stream(GROUP, true));
  never.push(await stream(GROUP, false));
}
const result = {
  lexed_us: await thread(await arena(files, true)),
  lexed_us_128: await thread(await arena(blobs, true)),
  plain_us: await thread(await arena(files, false)),
  bytes: files.reduce((sum, file) => sum + file.length, 0) / files.length,
  status_cost: 1 - median(grouped) / median(never),
  raw: { grouped, never },
};
device.destroy();
console.log(JSON.stringify(result));
