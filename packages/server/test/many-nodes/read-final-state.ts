import type { Action } from "@faramesh/protocol";
import type { LedgerRow } from "../../src/store/store.js";
import { sightingOf } from "./attempt.js";
import type { Address, Cluster } from "./cluster.js";
import type { FinalAction, FinalState } from "./final-state.js";
import { until } from "./until.js";

const QUIET_MS_MAX = 60_000;
const PAGE = 1_000;

/** What the nodes and the store show when nothing moves any more. */
export async function readFinalState(cluster: Cluster): Promise<Pick<FinalState, "views" | "ledger">> {
  let state: Pick<FinalState, "views" | "ledger"> = { views: [], ledger: [] };
  await until("nothing moves any more", QUIET_MS_MAX, async () => {
    if (!(await isSettled(cluster))) return false;
    const ledger = await cluster.readLedger();
    const views = await Promise.all(cluster.addresses().map((address) => viewOf(address, cluster.adminKey)));
    state = { views, ledger };
    return (await cluster.readLedger()).length === ledger.length;
  });
  return state;
}

/** The index of the newest entry about an action, which is the last that a stream gets. */
export function lastEventIndex(ledger: readonly LedgerRow[], agentId: string | null): number {
  const due = ledger.filter(({ leaf, action_id }) => {
    return action_id !== null && (agentId === null || agentIdOf(leaf) === agentId);
  });
  return due.at(-1)?.idx ?? -1;
}

function agentIdOf(leaf: string): unknown {
  return (JSON.parse(leaf) as { body: { agent_id?: unknown } }).body.agent_id;
}

/** Whether what ends by itself within seconds has ended: brief approvals and short leases. */
async function isSettled(cluster: Cluster): Promise<boolean> {
  const { adminKey } = cluster;
  const [address] = cluster.addresses();
  if (address === undefined) return false;
  const ask = (query: string): Promise<Action[]> =>
    getJson(`${address.url}/v1/actions?limit=${PAGE}&${query}`, adminKey);
  const brief = await ask("status=pending_approval&operation=brief");
  const leased = await ask("status=executing");
  const soon = Date.now() + QUIET_MS_MAX;
  return brief.length === 0 && leased.every(({ lease_expires_at }) => Date.parse(lease_expires_at ?? "") > soon);
}

async function viewOf({ node, url }: Address, adminKey: string): Promise<FinalState["views"][number]> {
  const actions: FinalAction[] = [];
  for (let path: string | null = `/v1/actions?limit=${PAGE}`; path !== null; ) {
    const response = await get(`${url}${path}`, adminKey);
    actions.push(...((await response.json()) as Action[]).map(finalActionOf));
    path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1] ?? null;
  }
  return { node, actions };
}

function finalActionOf(action: Action): FinalAction {
  const mark = action.params["mark"];
  return {
    ...sightingOf(action),
    agentId: action.agent_id,
    mark: typeof mark === "string" ? mark : "",
    result: action.result ?? null,
  };
}

async function getJson<Body>(url: string, adminKey: string): Promise<Body> {
  return (await (await get(url, adminKey)).json()) as Body;
}

async function get(url: string, adminKey: string): Promise<Response> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${adminKey}` } });
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}`);
  return response;
}
