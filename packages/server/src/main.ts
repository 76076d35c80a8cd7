import { randomFillSync } from "node:crypto";
import { chmodSync, constants, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { LIMITS } from "@faramesh/protocol";
import { pino } from "pino";
import { v7 as uuidv7 } from "uuid";
import { ConfigError, isLoopback, type ServerConfig } from "./config.js";
import { activatePolicy, PolicyLoadError, resumePolicy } from "./gate/activate-policy.js";
import { Announcer } from "./gate/announcer.js";
import { prepareApiKey } from "./gate/api-keys.js";
import { Authenticator, BOOTSTRAP } from "./gate/authenticate.js";
import { expireOverdue } from "./gate/expire-overdue.js";
import type { Gate } from "./gate/gate.js";
import { type App, createApp } from "./http/app.js";
import { keyDoor, openDoor } from "./http/authenticate.js";
import type { Log } from "./http/problem.js";
import { openKeyring, writeSecretFile } from "./keyring/file-keyring.js";
import { SqliteStore } from "./store/sqlite/sqlite-store.js";
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

const { S_IFMT, S_IFDIR } = constants;
/** The sticky bit: a directory that many users put files into, such as the one for temporary files. */
const SHARED = 0o1000;

/** Characters from which on an admin key of letters and digits is beyond guessing. */
const ADMIN_KEY_CHARS_SOUND = 22;

/** How often time is acted on: approvals and leases end at most this much late. */
const SWEEP_MS = 250;

/** How often last uses of keys are written and old idempotency keys forgotten. */
const TIDY_MS = 10_000;

/** A decision may be claimed for a day; the time for a person to answer is apart from that. */
const CLAIM_TTL_MS = 24 * 3_600_000;

/**
 * Builds a gate on a data directory and listens. The only place that puts parts together.
 *
 * @throws ConfigError, PolicyLoadError, DirectoryInUseError, LedgerMismatchError; then nothing is left running.
 */
export async function startServer(config: ServerConfig): Promise<Server> {
  if (config.insecureNoAuth === true && !isLoopback(config.host)) {
    throw new ConfigError("without keys the gate listens on loopback addresses only");
  }
  const dataDir = ownDirectory(config.dataDir);
  const store = new SqliteStore(dataDir);
  try {
    return await serve(config, dataDir, store);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(config: ServerConfig, dataDir: string, store: SqliteStore): Promise<Server> {
  const logger = pino({ level: config.logLevel ?? "info" }, pino.destination(2));
  const gate = await openGate(config, dataDir, store);
  await (config.policyFile === undefined && config.policySource === undefined
    ? resumePolicy(gate)
    : activatePolicy(gate, policyText(config)));
  for (const warning of gate.active.warnings) logger.warn({ policy: gate.active.policy?.id }, warning);
  if (config.adminKey !== undefined && config.adminKey.length < ADMIN_KEY_CHARS_SOUND) {
    logger.warn(`FARAMESH_TOKEN is short; use ${ADMIN_KEY_CHARS_SOUND} random characters or more`);
  }

  const authenticator = new Authenticator(store, config.adminKey ?? null, Date.now);
  const withoutKeys = config.insecureNoAuth === true;
  const door = withoutKeys ? openDoor() : keyDoor(authenticator);
  const app = await createApp({ gate, authenticator, door, withoutKeys, log: logger });
  store.onCommit((entries) => gate.announcer.announce(entries));
  try {
    await app.fastify.listen({ host: config.host, port: config.port });
    const url = urlOf(config.host, app.fastify.server.address() as AddressInfo);
    store.describeHolder({ pid: process.pid, url });
    const adminKey = await firstAdminKey(config, dataDir, gate);
    const timers = [
      every(SWEEP_MS, () => expireOverdue(gate), logger),
      every(TIDY_MS, () => tidy(gate, authenticator), logger),
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

async function reloadPolicy(config: ServerConfig, gate: Gate, app: App, log: Log): Promise<void> {
  try {
    await activatePolicy(gate, policyText(config));
    app.metrics.policyFault(false);
  } catch (error) {
    const fault = error instanceof PolicyLoadError ? error.message : "it cannot be read or recorded";
    gate.active = { ...gate.active, fault };
    app.metrics.policyFault(true);
    log.error({ err: error }, "the policy does not load; the last good one goes on deciding");
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

async function openGate(config: ServerConfig, dataDir: string, store: SqliteStore): Promise<Gate> {
  const settings = {
    issuer: config.permitIssuer ?? "faramesh",
    permitAudience: config.permitAudience ?? "faramesh-executor",
    runtimeVersion: RUNTIME_VERSION,
    leaseSecondsDefault: config.leaseSecondsDefault ?? LIMITS.leaseSecondsDefault,
    claimTtlMs: CLAIM_TTL_MS,
  };
  const names = { issuer: settings.issuer, audience: settings.permitAudience };
  return {
    store,
    keyring: await openKeyring(dataDir, names, Date.now()),
    settings,
    announcer: new Announcer(),
    nowMs: Date.now,
    newId: newIds(),
    disabledAgents: new Set(await store.disabledAgents()),
    active: { policy: null, source: "", loadedAtMs: 0, warnings: [], fault: null },
  };
}

/** Makes the data directory, or closes the one that is there, for this user alone. */
function ownDirectory(path: string): string {
  const directory = resolve(path);
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { mode, uid } = statSync(directory);
  const isOwn = process.getuid === undefined || uid === process.getuid();
  if ((mode & S_IFMT) !== S_IFDIR || !isOwn || (mode & SHARED) !== 0) {
    throw new ConfigError("the data directory must be a directory of this user's own, shared with nobody");
  }
  chmodSync(directory, 0o700);
  return directory;
}

function policyText(config: ServerConfig): string {
  if (config.policySource !== undefined) return config.policySource;
  if (config.policyFile === undefined) throw new ConfigError("there is no policy file to read again");
  return readFileSync(config.policyFile, "utf8");
}

/**
 * Without any key nobody could come in: the first start makes one, and keeps it where the command line finds it. The
 * file is written first, so that there is never a key that nobody has.
 */
async function firstAdminKey(config: ServerConfig, dataDir: string, gate: Gate): Promise<string | undefined> {
  if (config.adminKey !== undefined || config.insecureNoAuth === true) return undefined;
  if ((await gate.store.apiKeys()).length > 0) return undefined;
  const { created, keep } = prepareApiKey(gate, BOOTSTRAP, { name: "admin", role: "admin", agents: [] });
  writeSecretFile(join(dataDir, "admin.key"), `${created.key}\n`);
  await keep();
  return created.key;
}

async function tidy(gate: Gate, authenticator: Authenticator): Promise<void> {
  const uses = authenticator.takeUses();
  if (uses.size > 0) await gate.store.touchApiKeys(uses);
  await gate.store.forgetIdempotencyKeys(gate.nowMs() - LIMITS.idempotencyTtlSeconds * 1000);
}

/** Random bytes drawn at a time: drawing few at a time costs more than all the rest of making an id. */
const RANDOM_POOL_BYTES = 8_192;

/** UUIDv7 (RFC 9562, 5.7) in rising order: within a millisecond, and when the clock steps back, a counter goes on. */
function newIds(): () => string {
  const pool = new Uint8Array(RANDOM_POOL_BYTES);
  let used = pool.length;
  let msecs = 0;
  let seq = 0;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.subarray(used, used + 16);
    used += 16;
    const nowMs = Date.now();
    if (nowMs > msecs) {
      msecs = nowMs;
      // 31 bits, so that the counter has room to rise.
      seq = Buffer.from(random.buffer, random.byteOffset, 4).readUInt32BE() >>> 1;
    } else {
      seq++;
    }
    return uuidv7({ random, msecs, seq });
  };
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
