/** TLS and authentication, over both drivers, against a real server that asks for both. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { KEY_PASSPHRASE } from "../../tools/cassandra/certificates.ts";
import { notRun } from "../../tools/not_run.ts";
import {
  AuthError,
  type CassetteError,
  ConnectError,
  TlsError,
  UsageError,
} from "../../src/errors.ts";
import { IdList } from "../../src/ids.ts";
import { CassandraSource, type TlsOptions } from "../../src/source/cassandra.ts";
import type { CassandraOptions, LogMessage } from "../../src/source/cassandra_options.ts";
import { cassette } from "../cli/command.ts";
import { lackingNative } from "./native.ts";
import { ownServer } from "./server.ts";
import { connect, createTable, KEYSPACE, putRows } from "./tables.ts";
import { type TlsFront, tlsFront } from "./tls_front.ts";
import { zip } from "./zip.ts";
import { tempFolder } from "../../tools/temp.ts";

const guarded = await ownServer({ port: 9144, tls: true, auth: true, heapMiB: 512 });
const plain = await ownServer();
const lacking = guarded.lacking ?? plain.lacking;
const noNative = await lackingNative();
const TABLE = `${KEYSPACE}.guarded`;
const WRONG_PASSWORD = "a password that no message shows";
const WRONG_PASSPHRASE = "another passphrase that no message shows";
const ADMIN = { username: "cassandra", password: "cassandra" };
/** Each refusal comes within this time. */
const LIMIT_MS = 10_000;

const file = (name: string) => toFileUrl(join(guarded.own!.certificates, name));
const text = (name: string) => Deno.readTextFileSync(file(name));

interface Case {
  what: string;
  /** Certificate of a front before a server without TLS; the real server is asked when left out. */
  front?: string;
  options: () => Partial<CassandraOptions>;
  Class: new (message: string) => CassetteError;
  message: RegExp;
  option: string;
}

const trusted = (): TlsOptions => ({
  ca: file("ca.pem"),
  cert: file("client.pem"),
  key: file("client.key"),
});
const encrypted = (keyPassphrase?: string): TlsOptions => ({
  ...trusted(),
  key: file("client_encrypted.key"),
  keyPassphrase,
});

const refused: Case[] = [
  {
    what: "a wrong authority",
    options: () => ({ tls: { ...trusted(), ca: file("other_ca.pem") } }),
    Class: TlsError,
    message: /signed by an authority of tls\.ca: received .*unable to verify/,
    option: "tls.ca",
  },
  {
    what: "a wrong authority, with only the chain verified",
    options: () => ({ tls: { ...trusted(), ca: file("other_ca.pem"), verify: "chain" } }),
    Class: TlsError,
    message: /signed by an authority of tls\.ca/,
    option: "tls.ca",
  },
  {
    what: "a wrong address in the certificate",
    front: "wrong_address",
    options: () => ({ tls: trusted() }),
    Class: TlsError,
    message: /must hold its address/,
    option: "tls.verify",
  },
  {
    what: "an expired certificate",
    front: "expired",
    options: () => ({ tls: { ...trusted(), verify: "chain" } }),
    Class: TlsError,
    message: /in date.*expired/,
    option: "tls.ca",
  },
  {
    what: "no client certificate",
    options: () => ({ tls: { ca: file("ca.pem") } }),
    Class: TlsError,
    message: /tls\.cert and tls\.key must be given/,
    option: "tls.cert",
  },
  {
    what: "a client certificate of an authority that the server does not know",
    options: () => ({
      tls: { ...trusted(), cert: file("other_ca.pem"), key: file("other_ca.key") },
    }),
    Class: TlsError,
    message: /must accept tls\.cert/,
    option: "tls.cert",
  },
  {
    what: "a wrong passphrase",
    options: () => ({ tls: encrypted(WRONG_PASSPHRASE) }),
    Class: TlsError,
    message: /tls\.keyPassphrase must be/,
    option: "tls.keyPassphrase",
  },
  {
    what: "no passphrase",
    options: () => ({ tls: encrypted() }),
    Class: TlsError,
    message: /tls\.keyPassphrase given/,
    option: "tls.key",
  },
  {
    what: "a plain client at a TLS port",
    options: () => ({}),
    Class: ConnectError,
    message: /where it asks for tls/,
    option: "contactPoints",
  },
  {
    what: "a TLS client at a plain port",
    options: () => ({ ...plain.server!, tls: trusted() }),
    Class: TlsError,
    message: /must speak TLS/,
    option: "tls",
  },
  {
    what: "a wrong password over TLS",
    options: () => ({ tls: trusted(), password: WRONG_PASSWORD }),
    Class: AuthError,
    message: /user "cassandra"/,
    option: "password",
  },
];

const fronts = new Map<string, Promise<TlsFront>>();
function frontFor(name: string): Promise<TlsFront> {
  const made = fronts.get(name) ?? tlsFront(guarded.own!.certificates, name, plain.server!.port);
  fronts.set(name, made);
  return made;
}

for (const driver of ["native", "js"] as const) {
  const test = (what: string, fn: () => Promise<void>): void => {
    const name = `cassandra, ${driver} driver: ${what}`;
    const why = lacking ?? (driver === "native" ? noNative : undefined);
    // The fronts outlive a test.
    Deno.test({
      name,
      ignore: notRun(name, why),
      fn,
      sanitizeResources: false,
      sanitizeOps: false,
    });
  };

  const open = (options: Partial<CassandraOptions>) =>
    CassandraSource.open({
      ...guarded.server!,
      ...ADMIN,
      table: TABLE,
      driver,
      connectTimeout: 5_000,
      ...options,
    });

  /** What nobody may see, whatever happens. */
  const assertNoSecret = (shown: unknown) => {
    const all = Deno.inspect(shown, { depth: 20, strAbbreviateSize: 1e6 });
    const key = text("client.key").split("\n")[5];
    for (const secret of [WRONG_PASSWORD, WRONG_PASSPHRASE, KEY_PASSPHRASE, key, "PRIVATE KEY"]) {
      assert(!all.includes(secret), `"${secret}" is in ${all}`);
    }
  };

  for (const { what, front, options, Class, message, option } of refused) {
    test(`TLS: ${what} is refused`, async () => {
      const at = front === undefined ? {} : { port: (await frontFor(front)).port };
      const logged: LogMessage[] = [];
      const begin = performance.now();
      const error = await assertRejects(
        () => open({ ...at, ...options(), logLevel: "debug", onLog: (line) => logged.push(line) }),
        Class,
      );
      assert(performance.now() - begin < LIMIT_MS);
      assertMatch(error.message, message);
      assertEquals(error.option, option);
      assertNoSecret(error);
      assertNoSecret(logged);
    });
  }

  test("TLS: fetches with a client certificate, given in each way", async () => {
    await using client = await connect(guarded.server!, ADMIN, guarded.own!.certificates);
    const table = `${KEYSPACE}.guarded_${driver}`;
    await createTable(client, table);
    const id = crypto.randomUUID();
    await putRows(client, table, [{ id, data: Uint8Array.of(4, 5), label: 6, mask: null }]);
    const bytes = (name: string) => Deno.readFileSync(file(name));
    const ways: TlsOptions[] = [
      trusted(),
      { ca: text("ca.pem"), cert: text("client.pem"), key: text("client.key") },
      { ca: bytes("ca.pem"), cert: bytes("client.pem"), key: bytes("client.key") },
      { ...trusted(), ca: text("other_ca.pem") + text("ca.pem"), verify: "chain" },
      encrypted(KEY_PASSPHRASE),
      { cert: file("client.pem"), key: file("client.key"), verify: "none" },
    ];
    for (const tls of ways) {
      await using source = await open({ table, tls });
      using batch = await source.fetch(IdList.from([id]));
      assertEquals([[...batch.blob(0)], batch.label(0)], [[4, 5], 6]);
      assertNoSecret(source);
      assertNoSecret(source.stats());
    }
  });

  test("TLS: what is not verified is trusted, wholly or but for the address", async () => {
    await using client = await connect(plain.server!);
    const table = `${KEYSPACE}.front_${driver}`;
    await createTable(client, table);
    for (const [name, verify] of [["wrong_address", "chain"], ["expired", "none"]] as const) {
      const { port } = await frontFor(name);
      await using source = await open({ port, table, tls: { ca: file("ca.pem"), verify } });
      using batch = await source.fetch(IdList.from([crypto.randomUUID()]));
      assertEquals(batch.error(0)?.code, "MISSING_SAMPLE");
    }
  });

  test("a secure connect bundle is read, and its service asked", async () => {
    const folder = tempFolder();
    const put = async (name: string, bytes: Uint8Array) => {
      await Deno.writeFile(join(folder, name), bytes);
      return {
        ...ADMIN,
        contactPoints: undefined,
        port: undefined,
        cloudBundle: join(folder, name),
      };
    };
    const pem = { "ca.crt": text("ca.pem"), cert: text("client.pem"), key: text("client.key") };
    const config = { host: "127.0.0.1", port: 9, cql_port: 9, keyspace: "k", localDC: "dc1" };
    const whole = zip({ "config.json": JSON.stringify(config), ...pem });
    for (
      const [name, bytes] of Object.entries({
        "no_config.zip": zip(pem),
        "bad_config.zip": zip({ "config.json": "{", ...pem }),
        "no_zip.zip": new Uint8Array(100),
      })
    ) {
      const options = await put(name, bytes);
      const error = await assertRejects(() => open(options), UsageError);
      assertMatch(error.message, /secure connect bundle.*config\.json/);
      assertEquals(error.option, "cloudBundle");
      assertNoSecret(error);
    }
    const options = await put("whole.zip", whole);
    const begin = performance.now();
    const error = await assertRejects(() => open(options), ConnectError);
    assert(performance.now() - begin < LIMIT_MS);
    assertMatch(error.message, /whole\.zip.*refused/i);
    assertNoSecret(error);
  });
}

const pictures = tempFolder();
Deno.writeFileSync(join(pictures, "a.jpg"), new Uint8Array(9));
const COMMANDS = [
  ["bench"],
  ["list", "--out", join(pictures, "x.list")],
  ["ingest", pictures],
  ["init"],
];

{
  const name =
    "cassette tells what is wrong with a password or a certificate in one line, and no secret";
  const fn = async () => {
    const certificate = (name: string) => join(guarded.own!.certificates, name);
    const { contactPoints, port } = guarded.server!;
    const place = ["--cassandra", contactPoints.join(), "--port", `${port}`];
    const tls = (ca: string) => [
      ...["--tls-ca", certificate(ca), "--tls-cert", certificate("client.pem")],
      ...["--tls-key", certificate("client.key")],
    ];
    const user = { CASSANDRA_USERNAME: "cassandra", CASSANDRA_PASSWORD: WRONG_PASSWORD };
    const cases: [RegExp, string[], Record<string, string>][] = [
      [/^AuthError: .*user "cassandra".* \[CASSANDRA_PASSWORD\]$/, tls("ca.pem"), user],
      [/^AuthError: .*received none.* \[CASSANDRA_USERNAME\]$/, tls("ca.pem"), {}],
      [/^TlsError: .* \[--tls-ca\]$/, tls("other_ca.pem"), user],
    ];
    for (const [expected, flags, env] of cases) {
      for (const command of COMMANDS) {
        const { code, out, err } = await cassette([...command, ...place, ...flags], env);
        assertEquals([code, out, err.length], [1, "", 1], `${command}: ${err.join("\n")}`);
        assertMatch(err[0], expected);
        assert(!err[0].includes(WRONG_PASSWORD), err[0]);
      }
    }
  };
  Deno.test({ name, ignore: notRun(name, lacking), fn });
}
