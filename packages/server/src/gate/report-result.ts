import { sha256Hex } from "@faramesh/core";
import { type Actor, canonicalJson, type JsonValue, LIMITS, type ResultReport } from "@faramesh/protocol";
import type { ActionRow } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { actorOf, assertCan, type Principal } from "./principal.js";
import { stepFrom } from "./record.js";
import { idempotencyClaim, readableAction, type StepTaken, takeStep } from "./take-step.js";

/**
 * Records what came of running an action: once, from `executing`, by whoever holds the claim. The same report again
 * changes nothing.
 *
 * @throws GateError `forbidden`, `not_found`, `conflict`, `payload_too_large`, `idempotency_conflict`
 */
export function reportResult(
  gate: Gate,
  principal: Principal,
  id: string,
  report: ResultReport,
  idempotencyKey: string | null,
): Promise<StepTaken> {
  assertCan(principal, "run");
  const result = boundedJson(report.result, "$.result");
  const meta = boundedJson(report.meta, "$.meta");
  const reportHash = sha256Hex(canonicalJson([report.success, result, report.error ?? null, meta]));
  const idempotency = idempotencyClaim(principal, idempotencyKey, `result ${id} ${reportHash}`);
  return takeStep(gate, {
    idempotency,
    read: () => readableAction(gate, principal, id),
    plan(row) {
      assertHoldsClaim(principal, row);
      if (row.report_hash === reportHash) return null;
      if (row.status !== "executing") {
        throw new GateError("conflict", `the action is ${row.status}; a report is taken while it is executing`, {
          actionStatus: row.status,
        });
      }
      const error = report.error ?? null;
      return stepFrom(row, {
        to: report.success ? "succeeded" : "failed",
        set: { result, error, meta, report_hash: reportHash },
        actor: actorOf(principal),
        atMs: gate.nowMs(),
        idempotency,
        more: { report_hash: reportHash },
      });
    },
  });
}

function assertHoldsClaim(principal: Principal, row: ActionRow): void {
  const holder = row.claimed_by === null ? null : (JSON.parse(row.claimed_by) as Actor);
  if (holder === null) {
    throw new GateError("conflict", `the action is ${row.status} and was never claimed`, { actionStatus: row.status });
  }
  if (holder.id !== principal.id) throw new GateError("forbidden", "only whoever claimed the action may report on it");
}

function boundedJson(value: JsonValue | undefined, path: string): string | null {
  if (value === undefined) return null;
  const json = canonicalJson(value, LIMITS.nestingMax, path);
  if (Buffer.byteLength(json, "utf8") > LIMITS.resultBytesMax) {
    throw new GateError("payload_too_large", `${path} is over ${LIMITS.resultBytesMax} bytes`);
  }
  return json;
}
