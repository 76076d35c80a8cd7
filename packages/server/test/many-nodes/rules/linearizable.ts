import { deedsOf, type ToldDeed } from "../deeds.js";
import type { Evidence } from "../entries.js";
import { grouped } from "../grouped.js";
import { type Operation, only } from "../history.js";
import type { Life } from "../life.js";
import { linearize } from "../linearize.js";
import { type Story, storiesOf } from "../stories.js";
import { type Violation, violation } from "../violation.js";

/** Wrong actions after which no more are searched: where everything is wrong, some of it says enough. */
const VIOLATIONS_MAX = 20;

/**
 * Every action is one linearizable state machine: there is an order of all that was asked of it, in keeping with who
 * was answered before whom asked, in which every answer is right. Reads are of the primary, so no answer is older than
 * one that came before it was asked for. What was not answered may have taken effect at any time since, or never.
 */
export function actionsAreLinearizable(evidence: Evidence): Violation[] {
  const stops = grouped(only(evidence.history, "disable"), ({ args }) => args.agentId);
  const agents = new Map(evidence.shown.map(({ id, agentId }) => [id, agentId]));
  const found: Violation[] = [];
  for (const story of storiesOf(evidence)) {
    if (found.length < VIOLATIONS_MAX) found.push(...faultsOf(story, stops.get(agents.get(story.id) ?? "") ?? []));
  }
  return found;
}

function faultsOf(story: Story, stops: readonly Operation<"disable">[]): Violation[] {
  const verdict = linearize<Life, ToldDeed>(null, deedsOf(story, stops));
  if (verdict.kind === "linearizable") return [];
  if (verdict.kind === "undecided") return [violation("linearizable", `action ${story.id}: too much to search`)];
  const operations = verdict.stuck.flatMap(({ operation }) => operation ?? []);
  return [violation("linearizable", `action ${story.id} is ${told(verdict.state)}; no answer fits`, ...operations)];
}

function told(life: Life): string {
  return life === null ? "not there" : `${life.status} at version ${life.version}, held by ${life.holder ?? "nobody"}`;
}
