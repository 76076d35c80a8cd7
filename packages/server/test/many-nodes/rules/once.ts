import type { Evidence } from "../entries.js";
import { grouped } from "../grouped.js";
import { answerOf, type Operation, only } from "../history.js";
import { requestOf } from "../life.js";
import { type Violation, violation } from "../violation.js";

/** Of all claims of one action one is granted: to one claimer, with one permit, however often it is answered. */
export function actionsAreClaimedOnce({ history }: Evidence): Violation[] {
  const granted = only(history, "claim").filter(({ ending }) => ending.kind === "ok");
  return [...grouped(granted, ({ args }) => args.actionId)].flatMap(([id, claims]) => {
    const grants = new Set(claims.map((claim) => `${claim.process} ${answerOf(claim)?.jti}`));
    return grants.size === 1
      ? []
      : [violation("claimed_once", `action ${id} was granted ${grants.size} times`, ...claims)];
  });
}

/** What ran, by the executors' own log, ran once, on the permit of its own claim. */
export function actionsRunOnce({ history, final }: Evidence): Violation[] {
  const claims = only(history, "claim");
  const grants = new Set(claims.map((claim) => `${claim.args.actionId} ${claim.process} ${answerOf(claim)?.jti}`));
  const ran = new Set<string>();
  return final.runs.flatMap(({ actionId, executor, jti }) => {
    const isSecond = ran.has(actionId);
    ran.add(actionId);
    if (!isSecond && grants.has(`${actionId} ${executor} ${jti}`)) return [];
    const says = isSecond ? `action ${actionId} ran twice` : `action ${actionId} ran without a claim`;
    return [violation("ran_once", says, ...claims.filter(({ args }) => args.actionId === actionId))];
  });
}

/** One idempotency key stands for one action, in all answers and in what there is at the end. */
export function keysMakeOneAction({ history, shown }: Evidence): Violation[] {
  const ids = grouped(shown, ({ mark }) => mark);
  return [...grouped(only(history, "submit"), requestOf)].flatMap(([request, submits]) => {
    const marks = new Set(submits.map(({ args }) => args.mark));
    const kept = [...marks].flatMap((mark) => ids.get(mark)?.map(({ id }) => id) ?? []);
    const made = new Set([...kept, ...submits.flatMap((submit) => answerOf(submit)?.id ?? [])]);
    if (made.size > 1) return [violation("one_action_per_key", `${request} made ${made.size} actions`, ...submits)];
    const wrong = submits.filter((submit) => !isRightlyAnswered(submit, marks, ids));
    return wrong.map((submit) => violation("one_action_per_key", `${request} was answered wrongly`, submit));
  });
}

/** A key that was used for another request is refused, and no other key is. */
function isRightlyAnswered(
  { ending, args }: Operation<"submit">,
  marks: ReadonlySet<string>,
  ids: ReadonlyMap<string, readonly { readonly id: string }[]>,
): boolean {
  switch (ending.kind) {
    case "unknown":
      return true;
    case "ok":
      return ids.get(args.mark)?.some(({ id }) => id === ending.value.id) !== false;
    case "refused":
      if (ending.code === "idempotency_conflict") return marks.size > 1;
      // A conflict says that the rules kept changing while it was decided.
      return ["rate_limited", "store_unavailable", "conflict"].includes(ending.code);
  }
}
