import { join } from "node:path";
import { type Command, Option } from "commander";
import { DEFAULT_DATA_DIR } from "../data-dir.js";
import { usageError } from "../errors.js";
import { wholeNumber } from "../option-parsers.js";
import { print } from "../output.js";
import { explainStartFailure, reloadOnHangup, stopOnSignal } from "../server-process.js";
import { untilSignal } from "../signals.js";
import { readText } from "../text-file.js";
import { watchPolicy } from "../watch-policy.js";

const LOG_LEVELS = ["silent", "fatal", "error", "warn", "info", "debug"] as const;

interface ServeOptions {
  data: string;
  store?: string;
  host: string;
  port: number;
  policy?: string;
  watch?: boolean;
  insecureNoAuth?: boolean;
  logLevel?: (typeof LOG_LEVELS)[number];
}

/** `faramesh serve`: run a gate until it is told to stop. */
export function define(command: Command): void {
  command
    .option("--data <dir>", "the data directory", DEFAULT_DATA_DIR)
    .option("--store <url>", "postgres://…: share this database with other nodes, in place of the data directory")
    .option("--host <host>", "the address to listen on", "127.0.0.1")
    .option("--port <port>", "the port; 0 picks a free one", wholeNumber(0, 65_535), 8000)
    .option(
      "--policy <file>",
      "the policy; without one, the one that was active last; without any, everything is denied",
    )
    .option("--watch", "read the policy file again when it changes, for development")
    .option("--insecure-no-auth", "turn keys off; loopback addresses only")
    .addOption(new Option("--log-level <level>", "how much is logged to stderr").choices(LOG_LEVELS))
    .addHelpText(
      "after",
      "\nFARAMESH_TOKEN sets the admin key; FARAMESH_STORE and FARAMESH_SECRET stand for a shared store. SIGHUP reads the policy again; SIGTERM and SIGINT drain, commit and exit 0.",
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { data, store, host, port, policy, watch, insecureNoAuth, logLevel } = options;
  if (watch === true && policy === undefined) throw usageError("--watch needs the file to watch: --policy FILE");
  const signalled = untilSignal();
  const { readServerEnvironment, startServer, storeUrl } = await import("@faramesh/server");
  // A file that cannot be read is told apart from a policy that does not load.
  if (policy !== undefined) await readText(policy);
  const config = {
    ...readServerEnvironment(process.env),
    dataDir: data,
    ...(store !== undefined && { store: storeUrl(store) }),
    host,
    port,
    ...(policy !== undefined && { policyFile: policy }),
    ...(insecureNoAuth === true && { insecureNoAuth }),
    ...(logLevel !== undefined && { logLevel }),
  };
  const started = await startServer(config).catch((error: unknown) =>
    explainStartFailure(error, { host, port, policyFile: policy }),
  );
  const server = policy !== undefined && watch === true ? watchPolicy(started, policy) : started;
  if (server.adminKey !== undefined) showAdminKey(server.adminKey, config.store === undefined ? data : null);
  if (policy !== undefined) reloadOnHangup(server, policy);
  print(`listening on ${server.url}`);
  await stopOnSignal(server, signalled);
}

function showAdminKey(key: string, dataDir: string | null): void {
  const kept = dataDir === null ? "" : ` and kept in ${join(dataDir, "admin.key")}`;
  process.stderr.write(`admin key, shown this once${kept}: ${key}\n`);
}
