import { createInterface } from "node:readline";
import { startPostgres } from "./postgres-cluster.mjs";
import { ensurePostgres } from "./postgres-programs.mjs";

/**
 * A PostgreSQL for as long as somebody holds its standard input open: prints the URL of a database and, for each line that
 * it reads, the URL of another one, which is empty.
 */
async function main() {
  const { bin } = await ensurePostgres((line) => console.error(`setup: ${line}`));
  const cluster = await startPostgres({ bin });
  const lines = createInterface({ input: process.stdin });
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => lines.close());
  console.log(cluster.url);
  for await (const _line of lines) console.log(await cluster.createDatabase());
  await cluster.stop();
}

await main();
