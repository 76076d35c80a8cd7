import type { JsonObject } from "@faramesh/protocol";
import { POLICY_LIMITS } from "../limits.js";
import { asMap, kindOf, reportUnknownKeys } from "./closed-map.js";
import type { DocumentNode, MapNode } from "./document.js";
import { type Match, matchContent, mayAllow, readMatch } from "./match.js";
import { ANY_NAME, type Names, readNames } from "./names.js";
import { RuleIndex } from "./rule-index.js";
import { readName } from "./scalars.js";
import type { Reading } from "./value-test.js";

/** One entry of a profile's list. */
export interface ProfileTool extends Match {
  readonly order: number;
}

/** What some agents may call at all, looked at before any rule: what the list does not have is denied. */
export interface Profile {
  readonly name: string;
  readonly agents: Names;
  readonly tools: readonly ProfileTool[];
  readonly index: RuleIndex<ProfileTool>;
  /** As it was read. */
  readonly node: DocumentNode;
  /** In its normal form, for the policy's hash. */
  readonly content: JsonObject;
}

const KEYS = ["name", "agent_id", "tools"];

/** Reads one profile: `{name, agent_id?, tools: [match, …]}`. Null after reporting. */
export function readProfile(node: DocumentNode, _order: number, reading: Reading): Profile | null {
  const { report } = reading;
  const map = asMap(node, "a profile", report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, "a profile", report);
  const nameNode = required(map, "name", reading);
  const toolsNode = required(map, "tools", reading);
  const agentsNode = map.entries.get("agent_id")?.value;
  const name = nameNode === null ? null : readName(nameNode, "name", POLICY_LIMITS.nameCharsMax, report);
  const agents = agentsNode === undefined ? ANY_NAME : readNames(agentsNode, "agent_id", report);
  const tools = toolsNode === null ? null : readTools(toolsNode, reading);
  if (name === null || agents === null || tools === null) return null;
  const content = { name, agents: [...agents.listed], tools: tools.map(matchContent) };
  return { name, agents, tools, index: new RuleIndex(tools), node: map, content };
}

function required(map: MapNode, key: string, { report }: Reading): DocumentNode | null {
  const entry = map.entries.get(key);
  if (entry !== undefined) return entry.value;
  report.error(map, "missing_key", `a profile needs ${key}`, "write { name: …, tools: [{ tool: …, operation: … }] }");
  return null;
}

function readTools(node: DocumentNode, reading: Reading): ProfileTool[] | null {
  const { report } = reading;
  if (node.kind !== "list") {
    const cure = "write tools: [{ tool: …, operation: … }]";
    report.error(node, "wrong_type", `tools must be a list, not ${kindOf(node)}`, cure);
    return null;
  }
  if (node.items.length > POLICY_LIMITS.profileToolsMax) {
    const message = `tools has ${node.items.length} entries, more than ${POLICY_LIMITS.profileToolsMax}`;
    report.error(node, "too_large", message, "name several tools in one entry");
    return null;
  }
  const tools = node.items.map((item, order) => readTool(item, order, reading));
  return tools.every((tool) => tool !== null) ? tools : null;
}

function readTool(node: DocumentNode, order: number, reading: Reading): ProfileTool | null {
  const match = readMatch(node, "an entry of tools", reading);
  return match === null || !mayAllow(match, reading.report) ? null : { ...match, order };
}
