import type { Command } from "commander";
import { clientOf } from "../connection.js";
import { DEFAULT_DATA_DIR } from "../data-dir.js";
import { developerKey } from "../dev/developer-key.js";
import { nextSteps } from "../dev/next-steps.js";
import { policyForDevelopment } from "../dev/policy-for-development.js";
import { follow, showLine } from "../event-stream.js";
import { wholeNumber } from "../option-parsers.js";
import { colors, print } from "../output.js";
import { drain, explainStartFailure, type RunningServer, reloadOnHangup, stopOnSignal } from "../server-process.js";
import { untilSignal } from "../signals.js";
import { STARTER_POLICY } from "../starter-policy.js";
import { readText } from "../text-file.js";
import { watchPolicy } from "../watch-policy.js";

const HOST = "127.0.0.1";
const DEFAULT_PORT = 8000;

interface DevOptions {
  data: string;
  port: number;
  policy?: string;
}

/** `faramesh dev`: a gate on this machine with a starter policy and a key, and its decisions as they happen. */
export function define(command: Command): void {
  command
    .option("--data <dir>", "the data directory", DEFAULT_DATA_DIR)
    .option("--port <port>", "the port; 0 picks a free one", wholeNumber(0, 65_535), DEFAULT_PORT)
    .option("--policy <file>", "the policy (default: ./faramesh.yaml, else a starter policy in the data directory)")
    .addHelpText(
      "after",
      "\nA changed policy file is read again at once, as SIGHUP does; SIGTERM and SIGINT drain, commit and exit 0.",
    )
    .action(dev);
}

async function dev({ data, port, policy }: DevOptions): Promise<void> {
  const signalled = untilSignal();
  const policyFile = policy ?? (await policyForDevelopment(data));
  // A file that cannot be read is told apart from a policy that does not load.
  const isStarter = (await readText(policyFile)) === STARTER_POLICY;
  const { readServerEnvironment, startServer } = await import("@faramesh/server");
  const environment = readServerEnvironment(process.env);
  const started = await startServer({
    logLevel: "warn",
    ...environment,
    dataDir: data,
    host: HOST,
    port,
    policyFile,
  }).catch((error: unknown) => explainStartFailure(error, { host: HOST, port, policyFile }));
  const server = watchPolicy(started, policyFile);
  reloadOnHangup(server, policyFile);
  try {
    const apiKey = await developerKey(server.url, data, server.adminKey ?? environment.adminKey);
    introduce({ server, apiKey, policyFile, isStarter, data });
    await showDecisions(server, apiKey, signalled);
  } catch (error) {
    await drain(server);
    throw error;
  }
}

/** What `faramesh dev` has put together. */
interface Development {
  server: RunningServer;
  apiKey: string;
  policyFile: string;
  isStarter: boolean;
  data: string;
}

function introduce({ server, apiKey, policyFile, isStarter, data }: Development): void {
  print(`listening on ${server.url}`);
  print(`policy ${policyFile}, followed as it changes; data in ${data}`);
  print(`\n${nextSteps({ url: server.url, apiKey, isStarter })}\n`);
  print(colors.dim("Decisions appear below. Stop with Ctrl-C."));
}

async function showDecisions(server: RunningServer, apiKey: string, signalled: Promise<void>): Promise<void> {
  const stopping = new AbortController();
  const closing = {
    url: server.url,
    close() {
      stopping.abort();
      return server.close();
    },
  };
  const stopped = stopOnSignal(closing, signalled);
  const client = clientOf({ url: server.url, apiKey });
  await follow(client, {}, stopping.signal, showLine).catch(keyIsGone);
  await stopped;
}

/** A key that somebody took away ends what is shown, not the gate: others are working with it. */
function keyIsGone(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "unauthorized")) throw error;
  print(colors.dim("The developer key was revoked, so decisions are no longer shown. Start again for a new one."));
}
