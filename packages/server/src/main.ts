import { existsSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { allPacks } from "@faramesh/policies";
import { type Actor, LIMITS } from "@faramesh/protocol";
import { pino } from "pino";
import { assertSound, ConfigError, type ServerConfig } from "./config.js";
import type { Deployment } from "./deployment/deployment.js";
import { openManyNodes } from "./deployment/many-nodes.js";
import { openOneNode } from "./deployment/one-node.js";
import { Announcer } from "./gate/announcer.js";
import { prepareApiKey } from "./gate/api-keys.js";
import { Authenticator, BOOTSTRAP } from "./gate/authenticate.js";
import { expireOverdue } from "./gate/expire-overdue.js";
import type { Gate, GateSettings } from "./gate/gate.js";
import type { PolicyText } from "./gate/policies/check-text.js";
import { CompiledPolicies } from "./gate/policies/compiled-policies.js";
import { loadPolicyFile, startWithPolicyFile } from "./gate/policies/load-policy-file.js";
import { PolicyLoadError } from "./gate/policies/refused-policy.js";
import { Rules, whileCurrent } from "./gate/policies/rules.js";
import { type App, createApp } from "./http/app.js";
import { keyDoor, openDoor } from "./http/authenticate.js";
import type { Log } from "./http/problem.js";
import { newIds } from "./new-ids.js";
import type { ActivationRow, Committed } from "./store/store.js";
import { RUNTIME_VERSION } from "./version.js";

/** A running gate. */
export interface Server {
  /** Where it listens: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** The admin key that this start created, because there was none. Shown this once. */
  readonly adminKey?: string;
  /**
   * Reads the policy file again. A text that does not load changes nothing but what `/ready` says.
   *
   * @throws PolicyLoadError saying which line and why.
   */
  reloadPolicy(): Promise<void>;
  /** Answers what is in flight, commits, closes the store. */
  close(): Promise<void>;
}

/** Characters from which on an admin key of letters and digits is beyond guessing. */
const ADMIN_KEY_CHARS_SOUND = 22;

/** How often time is acted on: approvals and leases end at most this much late. */
const SWEEP_MS = 250;

/** How often last uses of keys are written and old idempotency keys forgotten. */
const TIDY_MS = 10_000;

/** A decision may be claimed for a day; the time for a person to answer is apart from that. */
const CLAIM_TTL_MS = 24 * 3_600_000;

/**
 * Builds a gate on its store and listens. The only place that puts parts together.
 *
 * @throws ConfigError, PolicyLoadError, DirectoryInUseError, LedgerMismatchError; then nothing is left running.
 */
export async function startServer(config: ServerConfig): Promise<Server> {
  assertSound(config);
  const deployment = await openDeployment(config);
  try {
    return await serve(config, deployment);
  } catch (error) {
    await deployment.store.close();
    throw error;
  }
}

function openDeployment({ store, secret, dataDir, ...config }: ServerConfig): Promise<Deployment> {
  const { issuer, permitAudience: audience } = permitNames(config);
  const names = { issuer, audience };
  return store === undefined ? openOneNode(dataDir, names) : openManyNodes(store, secret, names);
}

function permitNames(
  config: Pick<ServerConfig, "permitIssuer" | "permitAudience">,
): Pick<GateSettings, "issuer" | "permitAudience"> {
  return {
    issuer: config.permitIssuer ?? "faramesh",
    permitAudience: config.permitAudience ?? "faramesh-executor",
  };
}

async function serve(config: ServerConfig, deployment: Deployment): Promise<Server> {
  const { store } = deployment;
  const logger = pino({ level: config.logLevel ?? "info" }, pino.destination(2));
  const gate = openGate(config, deployment);
  await gate.rules.refresh();
  if (config.policyFile !== undefined || config.policySource !== undefined) {
    const kept = await startWithPolicyFile(gate, policyText(config));
    if (kept !== null) logger.warn(notUsed(kept));
  }
  for (const { row, warnings } of gate.rules.active) {
    for (const warning of warnings) logger.warn({ policy: row.id }, warning);
  }
  if (config.adminKey !== undefined && config.adminKey.length < ADMIN_KEY_CHARS_SOUND) {
    logger.warn(`FARAMESH_TOKEN is short; use ${ADMIN_KEY_CHARS_SOUND} random characters or more`);
  }

  const authenticator = new Authenticator(store, config.adminKey ?? null, Date.now);
  const withoutKeys = config.insecureNoAuth === true;
  const door = withoutKeys ? openDoor() : keyDoor(authenticator);
  const app = await createApp({ gate, authenticator, door, withoutKeys, log: logger });
  store.onCommit((entries) => heed(entries, gate, authenticator, logger));
  try {
    await app.fastify.listen({ host: config.host, port: config.port });
    const url = urlOf(config.host, app.fastify.server.address() as AddressInfo);
    deployment.describe(url);
    const adminKey = await firstAdminKey(config, deployment, gate);
    const timers = [
      every(SWEEP_MS, () => sweep(gate), logger),
      every(TIDY_MS, () => tidy(gate, authenticator, deployment), logger),
    ];
    return {
      url,
      ...(adminKey === undefined ? {} : { adminKey }),
      reloadPolicy: oneAtATime(() => reloadPolicy(config, gate, app, logger)),
      async close() {
        for (const timer of timers) clearInterval(timer);
        await app.close();
        await store.close();
      },
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** What was committed, by this node or another: whoever waits is woken, and what was changed counts here, too. */
function heed(entries: readonly Committed[], gate: Gate, authenticator: Authenticator, log: Log): void {
  if (entries.some(({ action_id }) => action_id === null)) {
    authenticator.forget();
    gate.rules
      .refresh()
      .catch((error: unknown) => log.error({ err: error }, "what is decided by could not be read anew"));
  }
  gate.announcer.announce(entries);
}

function notUsed({ policy_id, policy_version, by_whom, at_ms }: ActivationRow): string {
  const { name } = JSON.parse(by_whom) as Actor;
  const at = new Date(at_ms).toISOString();
  const choice = policy_id === null ? "ended it" : `made ${policy_id} v${policy_version} decide`;
  return `the policy file is not used: ${name} ${choice} at ${at}. Push it, or have it read again (SIGHUP), to make it decide`;
}

async function reloadPolicy(config: ServerConfig, gate: Gate, app: App, log: Log): Promise<void> {
  try {
    await loadPolicyFile(gate, policyText(config));
    app.metrics.policyFault(false);
  } catch (error) {
    const isRefused = error instanceof PolicyLoadError;
    const fault = isRefused ? error.message : "it cannot be read or recorded";
    gate.rules.noteFault(fault);
    app.metrics.policyFault(true);
    log.error(isRefused ? { fault } : { err: error }, "the policy does not load; the last good one goes on deciding");
    throw error;
  }
}

/** Runs a task for each call, never two at a time, in the order of the calls. */
function oneAtATime(task: () => Promise<void>): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(task);
    last = next.catch(() => {});
    return next;
  };
}

function openGate(config: ServerConfig, { store, keyring }: Deployment): Gate {
  const compiled = new CompiledPolicies();
  return {
    store,
    keyring,
    settings: {
      ...permitNames(config),
      runtimeVersion: RUNTIME_VERSION,
      leaseSecondsDefault: config.leaseSecondsDefault ?? LIMITS.leaseSecondsDefault,
      claimTtlMs: CLAIM_TTL_MS,
    },
    announcer: new Announcer(),
    nowMs: Date.now,
    newId: newIds(),
    rules: new Rules(store, compiled),
    compiled,
    packs: allPacks(),
  };
}

/** The policy, and the tests beside its file, where there are any. */
function policyText({ policySource, policyFile }: ServerConfig): PolicyText {
  if (policySource !== undefined) return { source: policySource, tests: null };
  if (policyFile === undefined) throw new ConfigError("there is no policy file to read again");
  const testsFile = policyFile.replace(/\.(ya?ml|json)$/, "").concat(".test.yaml");
  return {
    source: readFileSync(policyFile, "utf8"),
    tests: existsSync(testsFile) ? readFileSync(testsFile, "utf8") : null,
  };
}

/**
 * Without any key nobody could come in: the first start makes one, and keeps it where the command line finds it. The
 * file is written first, so that there is never a key that nobody has.
 */
async function firstAdminKey(config: ServerConfig, deployment: Deployment, gate: Gate): Promise<string | undefined> {
  if (config.adminKey !== undefined || config.insecureNoAuth === true) return undefined;
  return whileCurrent(gate.store, async (decidedAt) => {
    if ((await gate.store.apiKeys()).length > 0) return undefined;
    const { created, keep } = prepareApiKey(gate, BOOTSTRAP, { name: "admin", role: "admin", agents: [] });
    deployment.keepAdminKey(created.key);
    return (await keep(decidedAt)) === "changed" ? created.key : "outdated";
  });
}

/** Time is acted on; and rules that could not be read when they changed are read now. */
async function sweep(gate: Gate): Promise<void> {
  await gate.rules.refresh();
  await expireOverdue(gate);
}

async function tidy(gate: Gate, authenticator: Authenticator, deployment: Deployment): Promise<void> {
  const uses = authenticator.takeUses();
  if (uses.size > 0) await gate.store.touchApiKeys(uses);
  await gate.store.forgetIdempotencyKeys(gate.nowMs() - LIMITS.idempotencyTtlSeconds * 1000);
  await deployment.tidy();
}

/** Does a task again and again, one at a time. A failure is logged; the next turn tries again. */
function every(ms: number, task: () => Promise<void>, logger: Log): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    task()
      .catch((error: unknown) => logger.error({ err: error }, "a timed task failed; it is tried again"))
      .finally(() => {
        isRunning = false;
      });
  }, ms);
}

function urlOf(host: string, address: AddressInfo): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${address.port}`;
}
