import type { ServerNode } from "./nodes.js";
import { until } from "./until.js";

const POLICY_MS_MAX = 10_000;
const ANSWER_MS_MAX = 2_000;

interface ActivePolicy {
  readonly source: string;
  readonly version: number;
}

/**
 * Tells a node to read its policy file again, and waits until it decides by this text.
 *
 * @returns The version that the text got.
 */
export async function reloadedPolicy(node: ServerNode, adminKey: string, source: string): Promise<number> {
  let version = 0;
  node.reload();
  await until("the policy is in force", POLICY_MS_MAX, async () => {
    const active = await activePolicy(node, adminKey);
    version = active?.version ?? 0;
    return active?.source === source;
  });
  return version;
}

async function activePolicy({ url }: ServerNode, adminKey: string): Promise<ActivePolicy | null> {
  try {
    const headers = { authorization: `Bearer ${adminKey}` };
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(`${url}/v1/policies/active`, { headers, signal });
    return response.ok ? ((await response.json()) as ActivePolicy) : null;
  } catch {
    // It is down, or stopped: it is asked again.
    return null;
  }
}
