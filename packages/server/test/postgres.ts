import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { Client } from "pg";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Answers with the URL of this run's cluster, which it starts for whoever asks first. */
    readonly postgresSocket: string;
  }
}

/** An empty database that nobody else uses. */
export interface FreshDatabase {
  readonly url: string;
  /**
   * Ends every connection to it, and lets nobody in again. Its files go with the cluster: to remove those of one database,
   * PostgreSQL first syncs those of all others, and each test would wait for that.
   */
  readonly drop: () => Promise<void>;
}

/**
 * Makes a database in the one PostgreSQL cluster of this run.
 *
 * @throws Error, saying what to install, where there is no PostgreSQL.
 */
export async function freshDatabase(): Promise<FreshDatabase> {
  const cluster = await clusterUrl();
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await run(cluster, `CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(cluster), { pathname: name }).href;
  const shut = `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`;
  const empty = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
  return { url, drop: () => run(cluster, shut, empty) };
}

async function clusterUrl(): Promise<string> {
  const socket = connect(inject("postgresSocket"));
  await once(socket, "connect");
  const answer = JSON.parse(await text(socket)) as { url: string } | { problem: string };
  if ("problem" in answer) throw new Error(answer.problem);
  return answer.url;
}

async function run(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
