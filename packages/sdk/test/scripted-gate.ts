import { actionOf, claimedOf, type FakeGate, pendingOf, type Reply, type Seen, startFakeGate } from "./fake-gate.js";

/** What to answer to each step of a guarded action: `get` stands for reading the action. */
export type Script = Partial<Record<"actions" | "get" | "start" | "result", (seen: Seen, count: number) => Reply>>;

/** A fake gate that lets every action run, except where the script says otherwise. */
export interface ScriptedGate extends FakeGate {
  /** The steps asked for so far, in order. */
  steps(): string[];
  /** The bodies sent to one step so far. */
  bodiesOf(step: keyof Script): unknown[];
}

export async function startScriptedGate(script: Script): Promise<ScriptedGate> {
  const counts = new Map<string, number>();
  const usual: Required<Script> = {
    actions: () => ({ status: 201, body: actionOf() }),
    get: () => ({ body: pendingOf() }),
    start: () => ({ body: claimedOf() }),
    result: (seen) => ({ body: actionOf({ status: isSuccess(seen) ? "succeeded" : "failed" }) }),
  };
  const gate = await startFakeGate((seen) => {
    const step = stepOf(seen);
    const count = (counts.get(step) ?? 0) + 1;
    counts.set(step, count);
    return (script[step] ?? usual[step])(seen, count);
  });
  return {
    ...gate,
    steps: () => gate.seen.map(stepOf),
    bodiesOf: (step) => gate.seen.filter((seen) => stepOf(seen) === step).map((seen) => seen.body),
  };
}

/** An executor that remembers how it was called. */
export function recorder<R>(result: R): { calls: unknown[]; executor: (params: object) => R } {
  const calls: unknown[] = [];
  return {
    calls,
    executor: (params) => {
      calls.push(params);
      return result;
    },
  };
}

function stepOf({ path }: Seen): keyof Script {
  const last = path.split("/").at(-1);
  return last === "actions" || last === "start" || last === "result" ? last : "get";
}

function isSuccess({ body }: Seen): boolean {
  return (body as { success: boolean }).success;
}
