/** What every source must do, whatever it reads from; run over each of them. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DisposedError, MissingSampleError, UsageError } from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import { SamplePool } from "../../src/pool.ts";
import type { BlobSource, FetchOptions, LabelType } from "../../src/source/source.ts";
import { notRun } from "../../tools/not_run.ts";

/** One row of the table that a source reads. */
export interface Row {
  /** The key. */
  id: string;
  /** The blob. */
  data: Uint8Array | null;
  /** A label that is an integer. */
  label: number | null;
  /** A label that is a blob. */
  mask: Uint8Array | null;
}

/** How a kind of source is made ready for the tests. */
export interface Subject {
  /** Name of the kind. */
  name: string;
  /** Why it cannot run here, where it cannot. */
  lacking?: string;
  /** Puts rows into a table with the columns patch_id, data, label (int) and mask (blob). */
  fill(rows: Row[]): Promise<void>;
  /** Opens a source over the table. */
  open(labelType: LabelType): Promise<BlobSource>;
}

const MANY = 1_200;
const BIG = 4 << 20;

function bytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 0xff);
}

function rowsOf(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: crypto.randomUUID(),
    data: bytes(1 + (i * 37) % 3_000, i),
    label: i % 11 === 10 ? null : i * 1_000_003 % 2 ** 31 - 2 ** 30,
    mask: i % 13 === 12 ? null : bytes(i % 50, i + 1),
  }));
}

const rows = rowsOf(MANY);
const special = {
  nullBlob: { id: crypto.randomUUID(), data: null, label: 1, mask: null },
  emptyBlob: { id: crypto.randomUUID(), data: new Uint8Array(0), label: 1, mask: null },
  big: { id: crypto.randomUUID(), data: bytes(BIG, 3), label: 2 ** 31 - 1, mask: bytes(70_000, 5) },
  tiny: { id: crypto.randomUUID(), data: bytes(1, 9), label: -(2 ** 31), mask: null },
};
const missing = crypto.randomUUID();

/**
 * Declares the tests for one kind of source.
 *
 * @param subject How it is made ready.
 */
export function conformance(subject: Subject): void {
  let filled: Promise<void> | undefined;

  function test(what: string, labelType: LabelType, run: (source: BlobSource) => Promise<void>) {
    const name = `${subject.name}: ${what}`;
    Deno.test({
      name,
      ignore: notRun(name, subject.lacking),
      async fn() {
        filled ??= subject.fill([...rows, ...Object.values(special)]);
        await filled;
        await using source = await subject.open(labelType);
        await run(source);
      },
    });
  }

  test("gives samples in the order in which they were asked for", "int", async (source) => {
    assertEquals(source.labelType, "int");
    const order = rows.map((_, i) => (i * 7) % rows.length);
    using batch = await source.fetch(IdList.from(order.map((i) => rows[i].id)));
    assertEquals(batch.length, rows.length);
    assertEquals(batch.failures, 0);
    order.forEach((row, i) => {
      assertEquals(batch.blob(i), rows[row].data as Uint8Array<ArrayBuffer>);
      assertEquals(batch.label(i), rows[row].label);
      assertEquals(batch.error(i), undefined);
      assertEquals(batch.offsets[i] % 16, 0);
      const { length } = rows[row].data!;
      assertEquals(batch.lengths[i], length);
      assertEquals(
        batch.bytes.subarray(batch.offsets[i], batch.offsets[i] + length),
        rows[row].data as Uint8Array<ArrayBuffer>,
      );
    });
  });

  test("gives one sample", "int", async (source) => {
    using batch = await source.fetch(IdList.from([rows[5].id]));
    assertEquals(batch.length, 1);
    assertEquals(batch.blob(0), rows[5].data as Uint8Array<ArrayBuffer>);
  });

  test("gives no sample for no id", "int", async (source) => {
    using batch = await source.fetch(IdList.from([]));
    assertEquals([batch.length, batch.failures, batch.bytes.length], [0, 0, 0]);
  });

  test("refuses what are no ids, options or places", "int", async (source) => {
    const ids = IdList.from([rows[5].id]);
    const fetch = (ids: unknown, options?: unknown) => () =>
      source.fetch(ids as IdList, options as FetchOptions);
    await assertRejects(fetch([rows[5].id]), UsageError, "ids must be an IdList: received a list");
    await assertRejects(fetch(null), UsageError, "ids must be an IdList: received null");
    await assertRejects(fetch(ids, { signal: 7 }), UsageError, "an AbortSignal: received 7");
    await assertRejects(fetch(ids, { sginal: 7 }), UsageError, "did you mean signal?");
    using batch = await source.fetch(ids);
    for (const index of [-1, 1, 0.5, NaN]) {
      for (const read of ["blob", "label", "error"] as const) {
        assertThrows(() => batch[read](index), UsageError, "index must be from 0 to 0");
      }
    }
  });

  test("gives an id as often as it is asked for", "int", async (source) => {
    using batch = await source.fetch(IdList.from([1, 2, 1, 1].map((i) => rows[i].id)));
    assertEquals([0, 1, 2, 3].map((i) => batch.label(i)), [1, 2, 1, 1].map((i) => rows[i].label));
    assertEquals(batch.blob(3), rows[1].data as Uint8Array<ArrayBuffer>);
  });

  test("names what is missing, null or empty, and gives its neighbours", "int", async (source) => {
    const ids = [rows[0].id, missing, special.nullBlob.id, special.emptyBlob.id, rows[1].id];
    using batch = await source.fetch(IdList.from(ids));
    assertEquals(batch.failures, 3);
    for (const i of [1, 2, 3]) {
      const error = batch.error(i);
      assert(error instanceof MissingSampleError, `${error}`);
      assertEquals(error.sampleId, ids[i]);
      assert(error.message.includes(ids[i]), error.message);
      assertEquals([batch.blob(i).length, batch.lengths[i], batch.label(i)], [0, 0, null]);
    }
    assert(/row/.test(batch.error(1)!.message) && /null/.test(batch.error(2)!.message));
    assert(/empty/.test(batch.error(3)!.message));
    for (const [i, row] of [[0, 0], [4, 1]]) {
      assertEquals(batch.blob(i), rows[row].data as Uint8Array<ArrayBuffer>);
      assertEquals(batch.error(i), undefined);
    }
  });

  test("gives a batch in which nothing arrived", "int", async (source) => {
    using batch = await source.fetch(IdList.from([missing, missing]));
    assertEquals([batch.length, batch.failures], [2, 2]);
  });

  test("gives blobs of 4 MiB and of 1 byte side by side", "int", async (source) => {
    const asked = [special.tiny, special.big, special.tiny, special.big, rows[3]];
    using batch = await source.fetch(IdList.from(asked.map(({ id }) => id)));
    asked.forEach((row, i) => {
      assert(equal(batch.blob(i), row.data!));
      assertEquals(batch.label(i), row.label);
    });
  });

  test("reads labels that are blobs, as copies", "blob", async (source) => {
    assertEquals(source.labelType, "blob");
    const batch = await source.fetch(IdList.from(rows.slice(0, 60).map(({ id }) => id)));
    const label = batch.label(20) as Uint8Array;
    for (let i = 0; i < 60; i++) {
      assertEquals(batch.label(i), rows[i].mask as Uint8Array<ArrayBuffer> | null);
    }
    batch[Symbol.dispose]();
    assertEquals(label, rows[20].mask!);
  });

  test("reads no labels", "none", async (source) => {
    assertEquals(source.labelType, "none");
    using batch = await source.fetch(IdList.from([rows[0].id, missing]));
    assertEquals([batch.label(0), batch.label(1)], [null, null]);
    assertEquals(batch.blob(0), rows[0].data as Uint8Array<ArrayBuffer>);
  });

  test("fetches many batches at once", "int", async (source) => {
    await Promise.all(Array.from({ length: 20 }, async (_, k) => {
      const part = rows.slice(k * 60, k * 60 + 60);
      using batch = await source.fetch(IdList.from(part.map(({ id }) => id)));
      part.forEach((row, i) => assert(equal(batch.blob(i), row.data!)));
    }));
  });

  test("exchanges samples within a pool, each of which comes once", "int", async (source) => {
    const pool = new SamplePool();
    const asked = Array.from({ length: 300 }, (_, i) => i % 50 === 7 ? missing : rows[i * 3].id);
    const counts = [64, 100, 1, 100, 35];
    let start = 0;
    const batches = await Promise.all(counts.map(async (count) => {
      const first = start;
      start += count;
      const batch = await source.fetch(IdList.from(asked.slice(first, start)), { pool });
      return { batch, count, first };
    }));
    const seen = new Set<number>();
    for (const { batch, count, first } of batches) {
      using _ = batch;
      assertEquals(batch.length, count);
      for (let i = 0; i < count; i++) {
        const place = batch.places ? batch.places[i] : first + i;
        assert(!seen.has(place));
        seen.add(place);
        if (asked[place] === missing) assertEquals(batch.error(i)!.sampleId, missing);
        else {
          assert(equal(batch.blob(i), rows[place * 3].data!));
          assertEquals(batch.label(i), rows[place * 3].label);
        }
      }
    }
    assertEquals([seen.size, Math.max(...seen)], [300, 299]);
    using alone = await source.fetch(IdList.from([rows[0].id]), { pool: new SamplePool() });
    assertEquals(alone.places?.[0] ?? 0, 0);
  });

  test("ends all fetches of a pool as one is aborted", "int", async (source) => {
    const ids = IdList.from([...rows, special.big].map(({ id }) => id));
    const pool = new SamplePool();
    const controller = new AbortController();
    const started = [1, 2, 3].map((i) =>
      source.fetch(ids, { pool, signal: i === 2 ? controller.signal : undefined })
    );
    const reason = new Error("enough");
    const ended = Promise.allSettled(started);
    controller.abort(reason);
    for (const outcome of await ended) {
      if (outcome.status === "rejected") assertEquals(outcome.reason, reason);
      // A source without pools fetches the others.
      else outcome.value[Symbol.dispose]();
    }
    assertEquals((await ended)[1].status, "rejected");
    using batch = await source.fetch(ids);
    assertEquals(batch.failures, 0);
  });

  test("leaves views of length 0 behind", "int", async (source) => {
    const batch = await source.fetch(IdList.from([rows[0].id, special.big.id]));
    const [whole, view] = [batch.bytes, batch.blob(1)];
    assertEquals(view.length, BIG);
    batch[Symbol.dispose]();
    batch[Symbol.dispose]();
    assertEquals([whole.length, view.length], [0, 0]);
    assertEquals([batch.bytes.length, batch.blob(1).length], [0, 0]);
  });

  test("gives nothing of a batch whose memory was moved away", "int", async (source) => {
    using batch = await source.fetch(IdList.from([rows[0].id, special.big.id]));
    const moved = structuredClone(batch.blob(1), { transfer: [batch.bytes.buffer] });
    assertEquals([batch.bytes.length, batch.blob(0).length, batch.label(0)], [0, 0, rows[0].label]);
    batch[Symbol.dispose]();
    assert(equal(moved, special.big.data));
    using other = await source.fetch(IdList.from([special.big.id, rows[0].id]));
    assert(equal(moved, special.big.data) && equal(other.blob(0), special.big.data));
  });

  test("aborts with the signal's reason", "int", async (source) => {
    const ids = IdList.from([...rows, special.big].map(({ id }) => id));
    const reason = new Error("enough");
    const aborted = await assertRejects(() =>
      source.fetch(ids, { signal: AbortSignal.abort(reason) })
    );
    assertEquals(aborted, reason);
    const controller = new AbortController();
    const started = [1, 2, 3].map(() => source.fetch(ids, { signal: controller.signal }));
    const whole = source.fetch(ids);
    controller.abort(reason);
    for (const fetch of started) assertEquals(await assertRejects(() => fetch), reason);
    using batch = await whole;
    assertEquals(batch.failures, 0);
    for (const wait of [0, 1, 2, 5, 10, 20]) {
      const lexing = new AbortController();
      const fetch = source.fetch(ids, { signal: lexing.signal, lex: true });
      setTimeout(() => lexing.abort(reason), wait);
      const early = await fetch.then((batch) => {
        batch[Symbol.dispose]();
        return !lexing.signal.aborted;
      }, (error) => error === reason);
      assert(early, `a fetch that was aborted after ${wait} ms came all the same`);
    }
    const late = new AbortController();
    using done = await source.fetch(IdList.from([rows[0].id]), { signal: late.signal });
    late.abort(reason);
    assertEquals(done.blob(0), rows[0].data as Uint8Array<ArrayBuffer>);
  });

  test("rejects what is under way and what comes after dispose", "int", async (source) => {
    const ids = IdList.from([...rows, special.big].map(({ id }) => id));
    using kept = await source.fetch(IdList.from([rows[7].id]));
    const under = Array.from({ length: 4 }, () => source.fetch(ids));
    const rejected = Promise.all(under.map((fetch) => assertRejects(() => fetch, DisposedError)));
    await source[Symbol.asyncDispose]();
    await rejected;
    await assertRejects(() => source.fetch(ids), DisposedError);
    await source[Symbol.asyncDispose]();
    assertEquals(kept.blob(0), rows[7].data as Uint8Array<ArrayBuffer>);
  });

  test("counts", "int", async (source) => {
    using _ = await source.fetch(IdList.from([rows[0].id, missing, rows[1].id]));
    const { requested, delivered, failed, bytes, retries, ...now } = source.stats();
    assertEquals({ requested, delivered, failed, bytes, retries }, {
      requested: 3,
      delivered: 2,
      failed: 1,
      bytes: rows[0].data!.length + rows[1].data!.length,
      retries: 0,
    });
    if (!now.latency) return;
    const { inFlight, waiting, latency: { p50, p99 } } = now;
    assertEquals([inFlight, waiting], [0, 0]);
    assert(p50 > 0 && p50 <= p99 && p99 < 10_000, `${p50} ${p99}`);
  });
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
