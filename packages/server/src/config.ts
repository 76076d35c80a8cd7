import { LIMITS } from "@faramesh/protocol";

/** How a server is to run. */
export interface ServerConfig {
  /** The directory for the database, keys and locks of one node; made (mode 0700) where there is none. */
  readonly dataDir: string;
  /** `postgres://…`: the database that this node shares with others, in place of the data directory. */
  readonly store?: string;
  /** What the shared keys are sealed with: 32 random characters or more; needed with `store`. */
  readonly secret?: string;
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** A policy file: read at start, and again on `reloadPolicy`. */
  readonly policyFile?: string;
  /** A policy text instead of a file. */
  readonly policySource?: string;
  /** The bootstrap admin key. */
  readonly adminKey?: string;
  /** No keys are asked for. Loopback only. */
  readonly insecureNoAuth?: boolean;
  readonly logLevel?: LogLevel;
  /** `iss` of permits; `faramesh` when not given. */
  readonly permitIssuer?: string;
  /** `aud` of permits; `faramesh-executor` when not given. */
  readonly permitAudience?: string;
  /** Seconds a claim holds without a report when the claimer does not say. */
  readonly leaseSecondsDefault?: number;
}

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A setting that cannot be used; the message names it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads what the environment says of a server: `FARAMESH_TOKEN`, `FARAMESH_LOG_LEVEL`, `FARAMESH_PERMIT_ISSUER`,
 * `FARAMESH_PERMIT_AUDIENCE`, `FARAMESH_LEASE_SECONDS`, `FARAMESH_STORE`, `FARAMESH_SECRET`. The only place that reads it.
 *
 * @throws ConfigError naming the variable.
 */
export function readServerEnvironment(env: Readonly<Record<string, string | undefined>>): Partial<ServerConfig> {
  const {
    FARAMESH_TOKEN,
    FARAMESH_LOG_LEVEL,
    FARAMESH_PERMIT_ISSUER,
    FARAMESH_PERMIT_AUDIENCE,
    FARAMESH_LEASE_SECONDS,
    FARAMESH_STORE,
    FARAMESH_SECRET,
  } = env;
  return {
    ...(FARAMESH_TOKEN ? { adminKey: bearerToken(FARAMESH_TOKEN) } : {}),
    ...(FARAMESH_LOG_LEVEL ? { logLevel: logLevel(FARAMESH_LOG_LEVEL) } : {}),
    ...(FARAMESH_PERMIT_ISSUER ? { permitIssuer: FARAMESH_PERMIT_ISSUER } : {}),
    ...(FARAMESH_PERMIT_AUDIENCE ? { permitAudience: FARAMESH_PERMIT_AUDIENCE } : {}),
    ...(FARAMESH_STORE ? { store: storeUrl(FARAMESH_STORE) } : {}),
    ...(FARAMESH_SECRET ? { secret: FARAMESH_SECRET } : {}),
    ...(FARAMESH_LEASE_SECONDS ? { leaseSecondsDefault: leaseSeconds(FARAMESH_LEASE_SECONDS) } : {}),
  };
}

/** The characters a bearer token may have (RFC 6750, 2.1), so that it fits a header as it is. */
function bearerToken(value: string): string {
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(value)) {
    throw new ConfigError("FARAMESH_TOKEN may hold letters, digits and -._~+/ only, so that it fits a header");
  }
  return value;
}

/** Characters from which on a secret of letters and digits is beyond guessing. */
export const SECRET_CHARS_MIN = 32;

/**
 * Refuses what no server may run with, wherever its settings come from.
 *
 * @throws ConfigError, which does not repeat the secret.
 */
export function assertSound({ host, insecureNoAuth, secret }: ServerConfig): void {
  if (insecureNoAuth === true && !isLoopback(host)) {
    throw new ConfigError("without keys the gate listens on loopback addresses only");
  }
  if (secret !== undefined && secret.length < SECRET_CHARS_MIN) {
    throw new ConfigError(`FARAMESH_SECRET has ${SECRET_CHARS_MIN} random characters or more`);
  }
}

/**
 * Reads where a shared store is.
 *
 * @throws ConfigError, which does not repeat the text: it may hold a password.
 */
export function storeUrl(value: string): string {
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    throw new ConfigError("a shared store is told as postgres://user:password@host:port/database");
  }
  return value;
}

function logLevel(value: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === value);
  if (level === undefined) throw new ConfigError(`FARAMESH_LOG_LEVEL is one of ${LOG_LEVELS.join(", ")}`);
  return level;
}

function leaseSeconds(value: string): number {
  const seconds = Number(value);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LIMITS.leaseSecondsMax) {
    throw new ConfigError(`FARAMESH_LEASE_SECONDS is a whole number from 1 to ${LIMITS.leaseSecondsMax}`);
  }
  return seconds;
}

/** Whether a host name or address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(host);
}
