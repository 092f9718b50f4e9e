import { assertEquals } from "@std/assert";
import { NativeLexer } from "../../src/ffi/native_lexer.ts";
import { BLOB_WORDS, LexEnd, Lexer, MOST_SEGMENTS } from "../../src/jpeg/lex.ts";
import { notRun } from "../../tools/not_run.ts";
import * as hostile from "../jpeg/hostile.ts";
import { assertEqualLexers } from "./lexers.ts";
import { lackingCompiler } from "./shim.ts";

const name = "both lexers keep the same limit of restart segments";
Deno.test({
  name,
  ignore: notRun(name, await lackingCompiler()),
  async fn() {
    const files = [MOST_SEGMENTS - 1, MOST_SEGMENTS, 3].map(hostile.restarts);
    await assertEqualLexers(await NativeLexer.open(), files);
    const lexer = new Lexer();
    const ends = files.map((file) => lexer.blobs[lexer.push(file) * BLOB_WORDS + 4]);
    assertEquals(ends, [LexEnd.eoi, LexEnd.many, LexEnd.eoi]);
  },
});
