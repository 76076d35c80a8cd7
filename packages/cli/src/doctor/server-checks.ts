import { AdminClient, type Answer } from "../admin-client.js";
import type { Connection } from "../connection.js";
import type { Check } from "./local-checks.js";

/** Permits live for minutes: clocks further apart than this make good ones look expired. */
const CLOCK_SKEW_SECONDS_MAX = 30;

/** Whether the gate answers, is ready, knows the key, has a policy, and tells the same time. */
export async function checkServer(connection: Connection): Promise<Check[]> {
  const client = new AdminClient(connection);
  try {
    const health = await client.call("GET", "/health");
    return [
      { name: "gate", ok: health.status === 200, detail: `${connection.url} answers ${health.status}` },
      checkClock(health),
      ...readyChecks(await client.call("GET", "/ready")),
      await checkKey(client, connection),
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
  try {
    const { name, role } = await client.whoami();
    return { name: "key", ok: true, detail: `${name}, role ${role}, from ${connection.keySource}` };
  } catch (error) {
    return { name: "key", ok: false, detail: `${messageOf(error)} (key from ${connection.keySource})` };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
