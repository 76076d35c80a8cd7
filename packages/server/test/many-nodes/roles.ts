import { setTimeout as pause } from "node:timers/promises";
import type { History, Sighting } from "./history.js";
import type { Random } from "./random.js";
import type { RecordingClient } from "./recording-client.js";
import { PROPAGATION_MS } from "./rules/propagation.js";
import type { RunLog } from "./run-log.js";

/** What the clients of one run share. */
export interface Scene {
  readonly history: History;
  readonly random: Random;
  readonly runLog: RunLog;
  /** Puts the next policy in force and answers its version; null where policies do not change. */
  readonly changePolicy: (() => Promise<number>) | null;
  /** Whether clients should finish what they do and ask nothing new. */
  readonly isOver: () => boolean;
  /** Ids by what may be asked of them next; the newest last. */
  readonly pending: string[];
  readonly claimable: string[];
  readonly known: string[];
}

/** What a client does, again and again, until the run is over. */
export type Role = (scene: Scene, client: RecordingClient) => Promise<void>;

/** Each kind of action, as often as it is submitted, with the call that the policy decides so. */
const KINDS = [
  { kind: "allow", tool: "shell", operation: "exec" },
  { kind: "allow", tool: "shell", operation: "exec" },
  { kind: "ask", tool: "stripe", operation: "refund" },
  { kind: "ask", tool: "stripe", operation: "refund" },
  { kind: "brief", tool: "stripe", operation: "brief" },
  { kind: "deny", tool: "unheard-of", operation: "exec" },
] as const;

const AGENTS = ["agent-1", "agent-2", "agent-3"];
/** The agent that is stopped and enabled. */
export const STOPPED_AGENT = "agent-9";

/** The policy that the roles expect; each number makes another text, which decides alike. */
export function policyText(number: number): string {
  return `version: 1
name: many-nodes
rules:
  - id: shell
    match: { tool: shell, operation: exec }
    allow: true
    reason: This is text ${number}
  - id: refund
    match: { tool: stripe, operation: refund }
    require_approval: true
  - id: brief
    match: { tool: stripe, operation: brief }
    require_approval: { expires_in: 1s }
`;
}

/** How many of the newest actions clients choose from, so that they meet at the same ones. */
const RECENT = 8;
const THINK_MS_MAX = 30;
const HOLD_MS = 3_000;
const LEASE_SECONDS_SHORT = 1;
/** How much longer than a stop may take to reach every node it is kept up. */
const KEPT_UP_MS = 600;
const ANSWERS_PER_POLICY = 150;

export const submitter: Role = async (scene, client) => {
  for (let count = 0; !scene.isOver(); count++) {
    const seen = await submitOne(scene, client, count);
    if (seen !== null && scene.random.isOneIn(10)) await client.cancel(seen.id);
    await think(scene);
  }
};

export const approver: Role = async (scene, client) => {
  while (!scene.isOver()) {
    const id = recent(scene, scene.pending);
    const op = scene.random.isOneIn(4) ? "reject" : "approve";
    const seen = id === undefined ? null : await client.answer(op, id);
    if (seen?.status === "approved") scene.claimable.push(seen.id);
    await think(scene);
  }
};

/** Claims, notes what it does in its log, and reports. Some claims it lets lapse. */
export const executor: Role = async (scene, client) => {
  const ran = new Set<string>();
  while (!scene.isOver()) {
    const id = recent(scene, scene.claimable);
    if (id !== undefined)
      await (scene.random.isOneIn(10) ? client.claim(id, LEASE_SECONDS_SHORT) : runOne(scene, client, id, ran));
    await think(scene);
  }
};

export const reader: Role = async (scene, client) => {
  while (!scene.isOver()) {
    const id = recent(scene, scene.known);
    if (id === undefined || scene.random.isOneIn(4)) await client.list(scene.random.isOneIn(4) ? 100 : 10);
    else await client.read(id);
    await think(scene);
  }
};

export const waiter: Role = async (scene, client) => {
  while (!scene.isOver()) {
    const id = recent(scene, scene.pending);
    if (id !== undefined) await client.wait(id, "pending_approval", HOLD_MS);
    await think(scene);
  }
};

/** Stops one agent, goes on submitting for it until the stop must have arrived everywhere and beyond, and enables it. */
export const stopper: Role = async (scene, client) => {
  for (let count = 0, probe = 0; !scene.isOver(); count++) {
    if ((await client.disable(STOPPED_AGENT, `stop-${count}`)) === null) continue;
    const until = performance.now() + PROPAGATION_MS + KEPT_UP_MS;
    while (performance.now() < until && !scene.isOver()) await probeStopped(scene, client, `probe-${probe++}`);
    while ((await client.enable(STOPPED_AGENT)) === null && !scene.isOver()) await think(scene);
    for (let left = 10; left > 0 && !scene.isOver(); left--) await probeStopped(scene, client, `probe-${probe++}`);
  }
};

export const policyChanger: Role = async (scene, client) => {
  const { changePolicy, history } = scene;
  for (let count = 0; changePolicy !== null && !scene.isOver(); count++) {
    const next = history.answered + ANSWERS_PER_POLICY;
    while (history.answered < next && !scene.isOver()) await think(scene);
    const tell = history.begin(client.name, "policy", { name: `policy ${count}` });
    try {
      tell({ kind: "ok", value: { version: await changePolicy() } });
    } catch {
      tell({ kind: "unknown" });
    }
  }
};

async function submitOne(scene: Scene, client: RecordingClient, count: number): Promise<Sighting | null> {
  const { random } = scene;
  const { kind, tool, operation } = random.oneOf(KINDS) ?? KINDS[0];
  const mark = `${kind}-${client.name}-${count}`;
  const agentId = random.isOneIn(5) ? STOPPED_AGENT : (random.oneOf(AGENTS) ?? STOPPED_AGENT);
  const proposal = { mark, key: mark, agentId, tool, operation };
  const twins = random.isOneIn(10) ? [proposal, proposal] : [proposal];
  const [seen = null] = await Promise.all(twins.map((twin) => client.submit(twin)));
  if (random.isOneIn(20)) await client.submit({ ...proposal, mark: `${mark}-other` });
  if (seen !== null) place(scene, seen);
  return seen;
}

function place({ pending, claimable, known }: Scene, { id, status }: Sighting): void {
  known.push(id);
  if (status === "pending_approval") pending.push(id);
  if (status === "allowed") claimable.push(id);
}

async function probeStopped(scene: Scene, client: RecordingClient, mark: string): Promise<void> {
  const seen = await client.submit({ mark, key: mark, agentId: STOPPED_AGENT, tool: "shell", operation: "exec" });
  if (seen !== null) place(scene, seen);
  await think(scene);
}

async function runOne(scene: Scene, client: RecordingClient, id: string, ran: Set<string>): Promise<void> {
  const grant = await client.claim(id, null);
  if (grant === null || ran.has(id)) return;
  ran.add(id);
  const isProved = scene.random.isOneIn(2) || (await client.consume(id, grant)) !== null;
  if (isProved) scene.runLog.append({ actionId: id, executor: client.name, jti: grant.jti });
  await client.report(id, isProved);
}

function recent({ random }: Scene, ids: readonly string[]): string | undefined {
  return random.oneOf(ids.slice(-RECENT));
}

function think({ random }: Scene): Promise<void> {
  return pause(random.below(THINK_MS_MAX));
}
