import { assertEquals } from "@std/assert";
import { notRun } from "../../tools/not_run.ts";
import { run, withDriver } from "./program.ts";
import { lackingCompiler } from "./shim.ts";

const name = "two thousand cycles of open, fetch, abort and dispose leave no thread and no memory";
Deno.test({
  name,
  ignore: notRun(name, await lackingCompiler()),
  fn: () =>
    withDriver(async (env) => {
      const { code, stdout, stderr } = await run(
        `const ids = IdList.from(Array.from({ length: 64 }, (_, i) =>
           "00010000-0010-0000-0500-0000" + i.toString(16).padStart(8, "0")));
         const cycle = async (i) => {
           await using source = await CassandraSource.open({ ...here, driver: "native" });
           using batch = await source.fetch(ids);
           if (batch.failures !== 0 || batch.bytes.length === 0) throw new Error("failed");
           const stop = new AbortController();
           const settled = source.fetch(ids, { signal: stop.signal })
             .then((late) => late[Symbol.dispose](), () => {});
           if (i % 2) stop.abort();
           if (i % 3) await settled;
         };
         for (let i = 0; i < 400; i++) await cycle(i);
         const [before, growth] = [threads(), new Growth(200)];
         for (let i = 0; i < 2000; i++) {
           await cycle(i);
           growth.take();
         }
         console.error("grown by", growth.grown, "MiB");
         console.log(await threadsBeyond(before + 2), growth.grown < 20);`,
        env,
      );
      assertEquals([code, stdout], [0, "0 true\n"], stderr);
      console.log(stderr.trim());
    }),
});
