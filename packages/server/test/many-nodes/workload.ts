import type { CreatedApiKey, Role as KeyRole } from "@faramesh/protocol";
import type { Cluster } from "./cluster.js";
import { RecordingClient } from "./recording-client.js";
import {
  approver,
  executor,
  policyChanger,
  type Role,
  reader,
  type Scene,
  stopper,
  submitter,
  waiter,
} from "./roles.js";

/** A kind of client: how many there are, what they do, and what their key is for. */
interface Cast {
  readonly name: string;
  readonly count: number;
  readonly role: Role;
  readonly key: KeyRole;
}

const CASTS: readonly Cast[] = [
  { name: "submitter", count: 4, role: submitter, key: "agent" },
  { name: "approver", count: 2, role: approver, key: "approver" },
  { name: "executor", count: 3, role: executor, key: "agent" },
  { name: "reader", count: 2, role: reader, key: "auditor" },
  { name: "waiter", count: 3, role: waiter, key: "auditor" },
  { name: "stopper", count: 1, role: stopper, key: "admin" },
  { name: "policy-changer", count: 1, role: policyChanger, key: "admin" },
];

/** A client with its part. */
export interface Actor {
  readonly client: RecordingClient;
  readonly role: Role;
}

/** Makes every client a key of its own, so that claims and answers are by different principals. */
export async function engage(url: string, cluster: Cluster, scene: Scene): Promise<Actor[]> {
  const { history, random } = scene;
  const { adminKey, isUnavailableCertain } = cluster;
  const actors = CASTS.flatMap(({ name, count, role, key }) =>
    Array.from({ length: count }, async (_, place): Promise<Actor> => {
      const named = `${name}-${place + 1}`;
      const apiKey = await newKey(url, adminKey, named, key);
      return { role, client: new RecordingClient({ name: named, apiKey, url, isUnavailableCertain, history, random }) };
    }),
  );
  return Promise.all(actors);
}

/** All clients at work, until the run is over and each has finished what it did. */
export async function perform(actors: readonly Actor[], scene: Scene): Promise<void> {
  await Promise.all(actors.map(({ role, client }) => role(scene, client)));
}

async function newKey(url: string, adminKey: string, name: string, role: KeyRole): Promise<string> {
  const response = await fetch(`${url}/v1/api-keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ name, role, agents: role === "agent" ? ["agent-*"] : [] }),
  });
  if (response.status !== 201) throw new Error(`no key: ${response.status}`);
  return ((await response.json()) as CreatedApiKey).key;
}
