import { assert, assertEquals } from "@std/assert";
import { CassetteError } from "../../src/errors.ts";
import { Scrubber } from "../../src/source/scrub.ts";
import { seen } from "./seen.ts";

Deno.test("a scrubbed error keeps its class and shows no secret in any field", () => {
  const hidden = new Scrubber(["s3cret"]);
  const inner = Object.assign(new TypeError("inner s3cret"), {
    tried: { "host s3cret": new Error("s3cret"), list: ["a", "s3cret"] },
    bytes: new TextEncoder().encode("\0user\0s3cret"),
    socket: new (class Socket {
      password = "s3cret";
    })(),
    callback: () => "s3cret",
    code: 7,
  });
  const error = new AggregateError([inner, "s3cret"], "outer s3cret", { cause: inner });
  (inner as { self?: unknown }).self = error;
  const clean = hidden.error(error);
  assert(clean === error && clean.cause === inner && inner.code === 7);
  assertEquals(seen(clean).includes("s3cret"), false);
  assertEquals(clean.message, "outer …");
  const forms = ["s3cret", btoa("s3cret"), "733363726574", encodeURIComponent("s3cret")];
  assertEquals(hidden.text(forms.join(" ")), "… … … …");
  assertEquals(new Scrubber([""]).text("\x1b[31m\n"), "\\x1b[31m\n");
});

Deno.test("what a scrubber has to leave alone stays as it is", () => {
  const error = new CassetteError("nothing to hide", { sampleId: "1", option: "port" });
  const before = Deno.inspect(error);
  assertEquals(Deno.inspect(new Scrubber(["s3cret"]).error(error)), before);
});
