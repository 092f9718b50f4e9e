import { assertEquals } from "@std/assert";
import {
  CassandraSource,
  CassandraWriter,
  ingestFolder,
  listCassandra,
  Loader,
  randomResizedCrop,
  requestDevice,
  verifyCassandra,
} from "../../mod.ts";
import { type Cluster, lackingCluster, startCluster } from "../../tools/cassandra/cluster.ts";
import { notRun } from "../../tools/not_run.ts";
import { lackingNative } from "../source/native.ts";
import { pictureFolder } from "./pictures.ts";

const KEYSPACE = "cassette_cluster";
const IMAGES = 600;
const LOST = 2;

type Driver = "js" | "native";

/** Loads two epochs, and calls `lose` once a third of the first has come. */
async function load(
  cluster: Cluster,
  driver: Driver,
  device: GPUDevice,
  ids: Iterable<string>,
  lose: () => Promise<void>,
): Promise<void> {
  const { contactPoints, port } = cluster;
  const all = [...ids];
  await using source = await CassandraSource.open({
    contactPoints,
    port,
    table: `${KEYSPACE}.data`,
    driver,
    requestTimeout: 5000,
    retries: 8,
  });
  await using loader = new Loader({
    source,
    device,
    ids: all,
    batchSize: 32,
    epochs: 2,
    shuffle: true,
    prefetch: 4,
    augment: [randomResizedCrop(64)],
  });
  const seen: string[][] = [[], []];
  let lost = false;
  for await (using batch of loader) {
    seen[batch.epoch].push(...batch.ids);
    if (!lost && seen[0].length > all.length / 3) {
      lost = true;
      await lose();
    }
  }
  for (const epoch of seen) assertEquals(epoch.sort(), all.sort());
  console.log(`${driver}: every id once in both epochs, ${source.stats().retries} sent again`);
}

const name = "three nodes lose one in the middle of an epoch, and every id still comes once";

Deno.test({
  name,
  ignore: notRun(name, await lackingCluster()),
  async fn() {
    await using cluster = await startCluster();
    const { contactPoints, port } = cluster;
    {
      await using writer = await CassandraWriter.open({
        contactPoints,
        port,
        keyspace: KEYSPACE,
        replication: 2,
        // Both copies are there before a node is lost.
        consistency: "all",
        requestTimeout: 60_000,
      });
      const { written } = await ingestFolder(await pictureFolder(IMAGES), writer);
      assertEquals(written, IMAGES);
    }
    const metadata = { port, table: `${KEYSPACE}.metadata` };
    const { ids } = await listCassandra({ ...metadata, contactPoints });
    console.log(`${ids.length} samples, each on two of ${contactPoints.length} nodes`);
    assertEquals(ids.length, IMAGES);
    const drivers: Driver[] = await lackingNative() === undefined ? ["js", "native"] : ["js"];
    const device = await requestDevice();
    // The node is lost when all loaders are under way.
    let waiting = drivers.length;
    const { promise: gone, resolve: lost } = Promise.withResolvers<void>();
    const lose = async () => {
      if (--waiting === 0) {
        await cluster.kill(LOST);
        console.log(`killed ${contactPoints[LOST]} in the middle of an epoch`);
        lost();
      }
      await gone;
    };
    await Promise.all(drivers.map((driver) => load(cluster, driver, device, ids, lose)));
    assertEquals(waiting, 0);
    device.destroy();
    const left = contactPoints.filter((_, i) => i !== LOST);
    const relisted = await listCassandra({ ...metadata, contactPoints: left });
    assertEquals([...relisted.ids], [...ids]);
    const report = await verifyCassandra({ contactPoints: left, port, keyspace: KEYSPACE });
    const { metadataRows, missing, different } = report;
    console.log(`two nodes left: ${metadataRows} verified, ${missing} missing`);
    assertEquals([metadataRows, missing, different], [IMAGES, 0, 0]);
  },
});
