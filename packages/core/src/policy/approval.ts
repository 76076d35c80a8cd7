import { type ApprovalRequirement, LIMITS } from "@faramesh/protocol";
import { asMap, kindOf, reportUnknownKeys } from "./closed-map.js";
import type { DocumentNode, MapNode } from "./document.js";
import type { Report } from "./report.js";
import { readBoolean, readName } from "./scalars.js";

const NOT_YET = {
  notify: "channels that tell approvers",
  escalate: "other approvers after a time",
  edit: "approvers change params",
  unattended: "what to do with nobody there",
  remember: "approve and remember",
  self_confirm: "the user confirms",
};
const KEYS = ["approvers", "exclude_submitter", "expires_in", "quorum"];
const APPROVERS_MAX = 100;

/** What an approval needs where a rule says nothing of it: any approver, within 15 minutes. */
export const DEFAULT_APPROVAL: ApprovalRequirement = {
  approvers: [],
  exclude_submitter: false,
  expires_in_seconds: LIMITS.approvalTtlSecondsDefault,
};

/** Reads `require_approval`: `true`, or a map of what the approval needs. Null after reporting. */
export function readApproval(node: DocumentNode, report: Report): ApprovalRequirement | null {
  if (node.kind === "scalar" && node.value === true) return DEFAULT_APPROVAL;
  if (node.kind !== "map") {
    report.error(
      node,
      "wrong_value",
      `require_approval must be true or a map, not ${kindOf(node)}`,
      "write require_approval: true",
    );
    return null;
  }
  const map = asMap(node, "require_approval", report);
  if (map === null) return null;
  reportUnknownKeys(map, KEYS, "require_approval", report, NOT_YET);
  checkQuorum(map, report);
  const approvers = readApprovers(map, report);
  const excluded = map.entries.get("exclude_submitter");
  const exclude = excluded === undefined ? false : readBoolean(excluded.value, "exclude_submitter", report);
  const seconds = readExpiry(map, report);
  if (approvers === null || exclude === null || seconds === null) return null;
  return { approvers, exclude_submitter: exclude, expires_in_seconds: seconds };
}

function checkQuorum(map: MapNode, report: Report): void {
  const node = map.entries.get("quorum")?.value;
  if (node === undefined) return;
  const quorum = node.kind === "scalar" ? node.value : null;
  if (quorum === 1) return;
  if (typeof quorum === "number" && Number.isInteger(quorum) && quorum > 1) {
    report.error(node, "not_yet", "a quorum of more than one approver is not supported yet", "write quorum: 1");
  } else {
    report.error(node, "wrong_value", `quorum must be a whole number from 1, not ${kindOf(node)}`, "write quorum: 1");
  }
}

function readApprovers(map: MapNode, report: Report): string[] | null {
  const node = map.entries.get("approvers")?.value;
  if (node === undefined) return [];
  const nodes = node.kind === "list" ? node.items : [node];
  if (nodes.length === 0 || nodes.length > APPROVERS_MAX) {
    report.error(node, "wrong_value", `approvers must be 1 to ${APPROVERS_MAX} names`, "leave it out for any approver");
    return null;
  }
  const names = nodes.map((item) => readName(item, "an approver", LIMITS.keyNameCharsMax, report));
  return names.every((name) => name !== null) ? [...new Set(names)].sort() : null;
}

const SECONDS_IN: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const DURATION = /^([1-9][0-9]{0,6})([smhd])$/;

function readExpiry(map: MapNode, report: Report): number | null {
  const node = map.entries.get("expires_in")?.value;
  if (node === undefined) return LIMITS.approvalTtlSecondsDefault;
  const text = node.kind === "scalar" && typeof node.value === "string" ? node.value : "";
  const [, count = "0", unit = "s"] = DURATION.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS_IN[unit] ?? 1);
  if (seconds > 0 && seconds <= LIMITS.approvalTtlSecondsMax) return seconds;
  report.error(node, "wrong_value", "expires_in must be a time of up to 7 days", "write 90s, 15m, 4h or 2d");
  return null;
}
