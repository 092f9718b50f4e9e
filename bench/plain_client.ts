import cassandra from "cassandra-driver";

/**
 * Connects `npm:cassandra-driver` as a user would.
 *
 * @param server Where the cluster is.
 * @returns A connected client; the caller shuts it down.
 */
export async function plainClient(
  server: { contactPoints: string[]; port: number },
): Promise<cassandra.Client> {
  const client = new cassandra.Client({
    contactPoints: server.contactPoints,
    protocolOptions: { port: server.port },
    policies: { loadBalancing: new cassandra.policies.loadBalancing.RoundRobinPolicy() },
    pooling: { maxRequestsPerConnection: 16_384 },
    queryOptions: { prepare: true, isIdempotent: true },
  });
  await client.connect();
  return client;
}
