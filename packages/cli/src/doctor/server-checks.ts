import { type ActivePolicy, AdminClient, type Answer } from "../admin-client.js";
import { type Connection, howToGiveKey } from "../connection.js";
import { CliError } from "../errors.js";
import type { PolicyFile } from "../policy-file.js";
import type { Check } from "./local-checks.js";

/** Permits live for minutes: clocks further apart than this make good ones look expired. */
const CLOCK_SKEW_SECONDS_MAX = 30;

/**
 * Whether the gate answers, is ready, knows the key, has a policy, and tells the same time.
 *
 * @param local - The policy file of this folder, to be compared with the policy that decides.
 */
export async function checkServer(connection: Connection, local: PolicyFile | undefined): Promise<Check[]> {
  const client = new AdminClient(connection);
  try {
    const health = await client.call("GET", "/health");
    return [
      { name: "gate", ok: health.status === 200, detail: `${connection.url} answers ${health.status}` },
      checkClock(health),
      ...readyChecks(await client.call("GET", "/ready")),
      await checkKey(client, connection),
      ...(local === undefined ? [] : await checkPolicyInUse(client, local)),
    ];
  } catch (error) {
    return [{ name: "gate", ok: false, detail: messageOf(error) }];
  }
}

function checkClock({ date }: Answer): Check {
  const gateTime = Date.parse(date ?? "");
  if (Number.isNaN(gateTime)) return { name: "clock", ok: true, detail: "the gate does not tell its time" };
  const skewSeconds = Math.round(Math.abs(Date.now() - gateTime) / 1000);
  const ok = skewSeconds <= CLOCK_SKEW_SECONDS_MAX;
  return { name: "clock", ok, detail: `${skewSeconds} s apart from the gate's${ok ? "" : ": set both by NTP"}` };
}

function readyChecks({ body }: Answer): Check[] {
  const { checks } = (body ?? {}) as { checks?: Record<string, { ok: boolean; detail?: string }> };
  return Object.entries(checks ?? {}).map(([name, { ok, detail }]) => ({
    name: `gate ${name}`,
    ok,
    detail: detail ?? (ok ? "ready" : "not ready"),
  }));
}

async function checkKey(client: AdminClient, connection: Connection): Promise<Check> {
  const from = connection.keySource === null ? "without a key" : `key from ${connection.keySource}`;
  try {
    const { name, role } = await client.whoami();
    return { name: "key", ok: true, detail: `${name}, role ${role}, ${from}` };
  } catch (error) {
    const isAskedFor = connection.apiKey === undefined && error instanceof CliError && error.code === "unauthorized";
    const detail = isAskedFor ? `no key: ${howToGiveKey(connection.url)}` : `${messageOf(error)} (${from})`;
    return { name: "key", ok: false, detail };
  }
}

/** A key that may not read the policy, or a gate without one, leaves nothing to compare with. */
async function checkPolicyInUse(client: AdminClient, { file, policy }: PolicyFile): Promise<Check[]> {
  const name = "policy in use";
  const { status, body } = await client.call("GET", "/v1/policies/active");
  if (status !== 200) return [];
  const { id, version, hash } = body as ActivePolicy;
  if (hash === policy?.hash) return [{ name, ok: true, detail: `${file}, as it is now` }];
  const cure =
    "send the gate SIGHUP if it was started with this file, start it again, or `faramesh policy push --activate` it";
  return [{ name, ok: true, warning: true, detail: `the gate decides by ${id} v${version}, not by ${file}: ${cure}` }];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
