import type { Entry, Evidence } from "../entries.js";
import type { FinalAction } from "../final-state.js";
import { answerOf, only } from "../history.js";
import { type Violation, violation } from "../violation.js";

/** At the end every node shows every action as its last entry states it, and nothing else. */
export function viewsAgree({ final, lives }: Evidence): Violation[] {
  return final.views.flatMap(({ node, actions }) => {
    const shown = new Map(actions.map((action) => [action.id, action]));
    const others = actions
      .filter(({ id }) => !lives.has(id))
      .map(({ id }) => `${node} shows ${id}, which has no entry`);
    const wrong = [...lives].flatMap(([id, entries]) => {
      const last = entries.at(-1);
      return last === undefined || isShown(shown.get(id), last)
        ? []
        : [`${node} shows ${id} otherwise than entry ${last.index}`];
    });
    return [...others, ...wrong].map((says) => violation("views_agree", says));
  });
}

function isShown(action: FinalAction | undefined, { index, body }: Entry): boolean {
  return action?.ledgerIndex === index && action.version === body.version && action.status === body.status;
}

/** A list leaves out nothing that was acknowledged before it was asked for and belongs on its page. */
export function listsAreComplete({ history }: Evidence): Violation[] {
  const submits = only(history, "submit").filter(({ ending }) => ending.kind === "ok");
  return only(history, "list").flatMap((list) => {
    const page = answerOf(list);
    if (page === null) return [];
    const ids = new Set(page.rows.map(({ id }) => id));
    const last = page.isLast ? "" : (page.rows.at(-1)?.id ?? "");
    const missing = submits.filter((submit) => {
      const id = answerOf(submit)?.id;
      return id !== undefined && submit.returned < list.invoked && id > last && !ids.has(id);
    });
    return missing.map((submit) => violation("list_complete", "a list leaves out an action", submit, list));
  });
}
