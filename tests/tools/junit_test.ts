import { assertEquals } from "@std/assert";
import { readReport } from "../../tools/junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.060">
    <testsuite name="./a_test.ts" tests="5" disabled="1" errors="0" failures="2">
        <testcase name="a &amp; &lt;b&gt;" classname="./a_test.ts" time="0.002" line="1" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="server" classname="./a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="good" classname="./a_test.ts" time="0.000" line="3" col="6">
        </testcase>
        <testcase name="a &amp; &lt;b&gt; &gt; s1" classname="./a_test.ts" time="0.000" line="1" col="43">
        </testcase>
        <testcase name="a &amp; &lt;b&gt; &gt; s2" classname="./a_test.ts" time="0.001" line="1" col="70">
            <failure message="Uncaught">Error: x</failure>
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="1" errors="0" failures="0">
        <testcase name="silent" classname="./b_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("readReport() counts tests without their steps, and gives reasons", () => {
  const report = readReport(REPORT, '{"name":"server","why":"no server"}\n');
  assertEquals(report, {
    passed: 1,
    failed: ["a & <b> (a_test.ts)"],
    skipped: [{ name: "server (a_test.ts)", why: "no server" }, {
      name: "silent (b_test.ts)",
      why: undefined,
    }],
  });
});
