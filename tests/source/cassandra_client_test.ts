import { assertEquals } from "@std/assert";
import type cassandra from "cassandra-driver";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { unrefClient } from "../../src/source/cassandra_client.ts";

/** A driver's client with these connections, as far as it is looked at. */
function clientOf(...sockets: Socket[]): cassandra.Client {
  const connections = sockets.map((netClient) => ({ netClient }));
  const hosts = { values: () => [{ pool: { connections } }] };
  const controlConnection = { connection: connections[0] };
  return { hosts, controlConnection } as unknown as cassandra.Client;
}

Deno.test("a connection that is not there yet gets one listener, however often it is told", () => {
  const [one, other] = [new Socket(), new Socket()];
  for (let i = 0; i < 20; i++) unrefClient(clientOf(one, other));
  assertEquals([one, other].map((socket) => socket.listenerCount("connect")), [1, 1]);
});

Deno.test("a connection that is there is told each time, and one that was closed adds nothing", async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = new Socket();
  socket.connect((server.address() as { port: number }).port, "127.0.0.1");
  await once(socket, "connect");
  const before = socket.listenerCount("connect");
  let told = 0;
  const unref = socket.unref;
  socket.unref = () => {
    told++;
    return unref.call(socket);
  };
  for (let i = 0; i < 20; i++) unrefClient(clientOf(socket));
  // It is the control connection too.
  assertEquals(told, 40);
  socket.unref = unref;
  socket.ref();
  socket.destroy();
  await once(socket, "close");
  for (let i = 0; i < 20; i++) unrefClient(clientOf(socket));
  assertEquals(socket.listenerCount("connect"), before + 1);
  server.close();
  await once(server, "close");
});
