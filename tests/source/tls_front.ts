/** A server that speaks TLS with a certificate of its own, and passes what it hears on. */
import { join } from "@std/path";

/** A front that listens. */
export interface TlsFront extends AsyncDisposable {
  /** Where it listens, on this machine. */
  port: number;
}

/**
 * Puts a front before a server, as a certificate of a running server cannot be exchanged.
 *
 * @param folder Where the certificates are.
 * @param name Which of them it shows.
 * @param port Where the server listens without TLS.
 * @returns The front; on dispose all of its connections end.
 */
export async function tlsFront(folder: string, name: string, port: number): Promise<TlsFront> {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(join(folder, `${name}.pem`)),
    key: await Deno.readTextFile(join(folder, `${name}.key`)),
  });
  const open = new Set<Promise<void>>();
  const accepting = (async () => {
    while (true) {
      const client = await listener.accept().catch((error) => error);
      if (client instanceof Deno.errors.BadResource) return;
      // One that does not trust us ends its connection: others go on.
      if (client instanceof Error) continue;
      const passing = pass(client, port).finally(() => open.delete(passing));
      open.add(passing);
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(open);
    },
  };
}

async function pass(client: Deno.TlsConn, port: number): Promise<void> {
  try {
    await client.handshake();
  } catch {
    client.close();
    return;
  }
  const server = await Deno.connect({ hostname: "127.0.0.1", port });
  await Promise.allSettled([
    client.readable.pipeTo(server.writable),
    server.readable.pipeTo(client.writable),
  ]);
}
