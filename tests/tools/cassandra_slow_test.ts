import { assert, assertEquals } from "@std/assert";
import { NotInstalledError } from "../../tools/cassandra/jars.ts";
import { cassandraPid, startCassandra, stopCassandra } from "../../tools/cassandra/server.ts";
import { notRun } from "../../tools/not_run.ts";

const PORT = 9149;

/** A server that ends with a process of its own; or why there is none. */
async function startFor(): Promise<{ user: Deno.ChildProcess; pid: number } | { lacking: string }> {
  const user = new Deno.Command("sleep", { args: ["600"] }).spawn();
  try {
    return { user, pid: (await startCassandra({ port: PORT, heapMiB: 512, user: user.pid })).pid };
  } catch (error) {
    user.kill();
    if (error instanceof NotInstalledError) return { lacking: error.message };
    throw error;
  }
}

const first = await startFor();
const name = "a server that is ending is not joined: another is started when it has ended";

Deno.test({
  name,
  ignore: notRun(name, "lacking" in first ? first.lacking : undefined),
  async fn() {
    if ("lacking" in first) return;
    first.user.kill();
    await first.user.status;
    // Its keeper looks every second; the server itself takes longer to end.
    await new Promise((done) => setTimeout(done, 1200));
    try {
      const second = await startCassandra({ port: PORT, heapMiB: 512, user: Deno.pid });
      assert(second.started);
      assert(second.pid !== first.pid);
      assertEquals(await cassandraPid({ port: PORT }), second.pid);
    } finally {
      await stopCassandra({ port: PORT });
    }
  },
});
