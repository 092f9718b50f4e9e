import { SqliteSource } from "../../src/source/sqlite.ts";
import { conformance } from "./conformance.ts";
import { parseId } from "../../src/ids.ts";
import { DatabaseSync } from "node:sqlite";
import { tempFolder } from "../../tools/temp.ts";

for (const textIds of [false, true]) {
  const path = `${tempFolder()}/conformance.sqlite`;
  conformance({
    name: `sqlite, ids as ${textIds ? "text" : "blobs"}`,
    fill(rows) {
      const database = new DatabaseSync(path);
      database.exec(
        "CREATE TABLE data (patch_id PRIMARY KEY, data BLOB, label INTEGER, mask BLOB)",
      );
      database.exec("BEGIN");
      const insert = database.prepare("INSERT INTO data VALUES (?, ?, ?, ?)");
      for (const { id, data, label, mask } of rows) {
        insert.run(textIds ? id : parseId(id), data, label, mask);
      }
      database.exec("COMMIT");
      database.close();
      return Promise.resolve();
    },
    open: (labelType) =>
      SqliteSource.open({
        path,
        idColumn: "patch_id",
        labelType,
        labelColumn: labelType === "blob" ? "mask" : "label",
      }),
  });
}
