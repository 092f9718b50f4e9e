/** Certificates for servers with TLS and for tests of it, made by OpenSSL. */
import { NotInstalledError } from "./jars.ts";
import { join } from "@std/path";

/** What `client_encrypted.key` is encrypted with. */
export const KEY_PASSPHRASE = "a passphrase that no message shows";

const DAYS = "30";

/**
 * Makes an authority (`ca`), another that signed nothing (`other_ca`), and signed certificates, each
 * a `.pem` and a `.key`: `server` (for 127.0.0.1), `wrong_address`, `expired`, and `client`, whose
 * key is also in `client_encrypted.key`. `server_store.pem` holds the server's key and certificate.
 *
 * @param folder Where they are put; what is there already is replaced.
 */
export async function makeCertificates(folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const run = (...args: string[]) => openssl(folder, args);
  for (const name of ["ca", "other_ca"]) {
    // deno-fmt-ignore
    await run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", DAYS,
      "-subj", `/CN=Cassette test ${name}`, "-keyout", `${name}.key`, "-out", `${name}.pem`);
  }
  const certificates = [
    ["server", "IP:127.0.0.1", DAYS],
    ["wrong_address", "IP:127.9.9.9,DNS:elsewhere.invalid", DAYS],
    ["expired", "IP:127.0.0.1", "-1"],
    ["client", "DNS:client.invalid", DAYS],
  ];
  for (const [name, address, days] of certificates) {
    const request = `${name}.request`;
    const extensions = `${name}.extensions`;
    await Deno.writeTextFile(join(folder, extensions), `subjectAltName=${address}\n`);
    // deno-fmt-ignore
    await run("req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`,
      "-keyout", `${name}.key`, "-out", request);
    // deno-fmt-ignore
    await run("x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key",
      "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", `${name}.pem`);
  }
  // deno-fmt-ignore
  await run("pkcs8", "-topk8", "-in", "client.key", "-out", "client_encrypted.key",
    "-passout", `pass:${KEY_PASSPHRASE}`);
  const read = (name: string) => Deno.readTextFile(join(folder, name));
  await Deno.writeTextFile(
    join(folder, "server_store.pem"),
    await read("server.key") + await read("server.pem"),
  );
}

async function openssl(folder: string, args: string[]): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("openssl", { args, cwd: folder, stderr: "piped" }).output();
  } catch (cause) {
    throw new NotInstalledError(
      'Cannot make certificates as openssl is missing: install it, on Debian with "apt-get install openssl"',
      { cause },
    );
  }
  if (output.success) return;
  throw new Error(
    `Cannot make certificates as openssl ${args[0]} failed: ${
      new TextDecoder().decode(output.stderr)
    }`,
  );
}
