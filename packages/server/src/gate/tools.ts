import { schemaFault, sha256Hex, type ToolSchema } from "@faramesh/core";
import { type Actor, canonicalJson, type JsonObject, timeText } from "@faramesh/protocol";
import type { ToolSchemaRow } from "../store/store.js";
import { GateError } from "./errors.js";
import type { Gate } from "./gate.js";
import { whileCurrent } from "./policies/rules.js";
import { actorOf, assertCan, type Principal } from "./principal.js";
import { toolSchemaOf } from "./tool-schema-of.js";

/** Tools whose params are known at a time. */
const TOOLS_MAX = 2_000;

/** Nesting of a schema as it is hashed for the ledger. */
const HASHED_NESTING_MAX = 100;

/** What is known of a tool's params, as it is answered. */
export interface RegisteredTool {
  readonly tool: string;
  /** Null for every operation. */
  readonly operation: string | null;
  readonly schema: JsonObject;
  readonly registered_at: string;
  readonly registered_by: Actor;
}

/** Every tool whose params are known. */
export async function listTools(gate: Gate, principal: Principal): Promise<RegisteredTool[]> {
  assertCan(principal, "read_policy");
  return (await gate.store.toolSchemas()).map(presentTool);
}

/**
 * Says what the params of tools look like, on every node from then on: what is submitted is held against it, and so are
 * the rules of policies that come in. A schema takes the place of the one for the same tool and operation. Admins only.
 *
 * @throws GateError `invalid_request` naming each schema that cannot be used; `conflict` where there would be too many.
 */
export async function registerTools(
  gate: Gate,
  principal: Principal,
  tools: readonly ToolSchema[],
): Promise<RegisteredTool[]> {
  assertCan(principal, "manage");
  const faults = tools.flatMap(({ schema }, place) => {
    const fault = schemaFault(schema);
    return fault === null ? [] : [{ path: `$.tools[${place}].schema`, code: "unusable_schema", message: fault }];
  });
  if (faults.length > 0) throw new GateError("invalid_request", "a schema cannot be used", { faults });
  const rows = tools.map(({ tool, operation, schema }) => rowOf(gate, principal, tool, operation, schema));
  await change(gate, principal, "tools.registered", rows);
  return rows.map(presentTool);
}

/** Forgets what the params of a tool look like. Admins only. @throws GateError `not_found`. */
export async function removeTool(
  gate: Gate,
  principal: Principal,
  tool: string,
  operation: string | null,
): Promise<RegisteredTool> {
  assertCan(principal, "manage");
  const known = (await gate.store.toolSchemas()).find(
    (row) => row.tool === tool && row.operation === (operation ?? ""),
  );
  if (known === undefined) throw new GateError("not_found", "no schema is known of this tool and operation");
  await change(gate, principal, "tools.removed", [rowOf(gate, principal, tool, operation, null)]);
  return presentTool(known);
}

async function change(gate: Gate, principal: Principal, kind: string, rows: readonly ToolSchemaRow[]): Promise<void> {
  await whileCurrent(gate.store, async (decidedAt) => {
    await assertRoomFor(gate, rows);
    const hash = sha256Hex(canonicalJson(rows.map(namesOf), HASHED_NESTING_MAX));
    const entry = { kind, atMs: gate.nowMs(), actor: actorOf(principal), body: { tools: rows.length, hash } };
    return gate.store.putToolSchemas({ row: rows, entry, decidedAt });
  });
  await gate.rules.refresh();
}

async function assertRoomFor(gate: Gate, rows: readonly ToolSchemaRow[]): Promise<void> {
  const known = new Set((await gate.store.toolSchemas()).map(keyOf));
  for (const row of rows) known.add(keyOf(row));
  if (known.size > TOOLS_MAX) throw new GateError("conflict", `more than ${TOOLS_MAX} tools would be known`);
}

function keyOf({ tool, operation }: ToolSchemaRow): string {
  return `${tool}\u0000${operation}`;
}

function namesOf({ tool, operation, schema }: ToolSchemaRow): JsonObject {
  return { tool, operation, schema };
}

function rowOf(
  gate: Gate,
  principal: Principal,
  tool: string,
  operation: string | null,
  schema: JsonObject | null,
): ToolSchemaRow {
  return {
    tool,
    operation: operation ?? "",
    schema: schema === null ? null : JSON.stringify(schema),
    registered_at_ms: gate.nowMs(),
    registered_by: JSON.stringify(actorOf(principal)),
  };
}

function presentTool(row: ToolSchemaRow): RegisteredTool {
  return {
    ...toolSchemaOf(row),
    registered_at: timeText(row.registered_at_ms),
    registered_by: JSON.parse(row.registered_by) as Actor,
  };
}
