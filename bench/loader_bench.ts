import { DatabaseSync } from "node:sqlite";
import {
  IdList,
  IMAGENET,
  Loader,
  normalize,
  pathId,
  randomFlip,
  randomResizedCrop,
  requestDevice,
  SqliteSource,
} from "../mod.ts";
import { tempFile } from "../tools/temp.ts";
import { loadPictures } from "./pictures.ts";

const { blobs } = await loadPictures(undefined, 64);
const path = tempFile(".sqlite");
const db = new DatabaseSync(path);
db.exec("CREATE TABLE data (id BLOB PRIMARY KEY, label INTEGER, data BLOB)");
const insert = db.prepare("INSERT INTO data VALUES (?, ?, ?)");
const ids = new IdList(new Uint8Array(blobs.length * 16));
blobs.forEach((blob, i) => {
  const id = pathId(`${i}.jpg`);
  ids.bytes.set(id, i * 16);
  insert.run(id, i, blob);
});
db.close();
const device = await requestDevice();
const source = await SqliteSource.open({ path });
const augment = [randomResizedCrop(224), randomFlip(), normalize(IMAGENET)];
const loader = new Loader({ source, device, ids, batchSize: 32, shuffle: true, augment });
await loader.warmUp();

Deno.bench({
  name: `loader over SQLite, one epoch of ${blobs.length} pictures`,
  group: "loader",
  baseline: true,
  async fn() {
    for await (using _ of loader);
    await device.queue.onSubmittedWorkDone();
  },
});

Deno.bench({
  name: `fetch alone from SQLite, ${blobs.length} pictures`,
  group: "loader",
  async fn() {
    using _ = await source.fetch(ids);
  },
});
