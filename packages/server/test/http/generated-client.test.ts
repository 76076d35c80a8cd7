import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN, RunningGate } from "../running-gate.js";

interface Operation {
  operationId?: string;
  responses: Record<string, { content?: Record<string, { schema: { $ref?: string } }> }>;
}

/** What a stranger writes on what was generated: a refund from its submission to its report, and a second claim. */
const PROGRAM = `import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const { GATE_URL: baseUrl = "", GATE_KEY: key = "" } = process.env;
const gate = createClient<paths>({ baseUrl, headers: { authorization: \`Bearer \${key}\` } });

const body: components["schemas"]["ActionRequest"] = {
  agent_id: "agent", tool: "stripe", operation: "refund", params: { amount: 50 },
};
const { data: submitted } = await gate.POST("/v1/actions", { body });
if (submitted === undefined) throw new Error("not submitted");
const params = { path: { id: submitted.id } };
const token = submitted.approval_token ?? "";
const approved = await gate.POST("/v1/actions/{id}/approval", { params, body: { approve: true, token } });
const claimed = await gate.POST("/v1/actions/{id}/start", { params, body: {} });
const reported = await gate.POST("/v1/actions/{id}/result", { params, body: { success: true } });
const again = await gate.POST("/v1/actions/{id}/start", { params, body: {} });
const listed = await gate.GET("/v1/actions", { params: { query: { tool: ["stripe"] } } });
const steps = [submitted, approved.data, claimed.data, reported.data].map((action) => action?.status);
console.log(JSON.stringify({ steps, code: again.error?.code, listed: listed.data?.length }));
`;

let gate: RunningGate;
let description: OpenAPI3 & { paths: Record<string, Record<string, Operation>> };
beforeAll(async () => {
  gate = await RunningGate.start();
  description = (await (await fetch(`${gate.server.url}/openapi.json`)).json()) as typeof description;
});
afterAll(() => gate.stop());

describe("the description of the API", () => {
  it("names every operation, once, and has a schema for each answer and each error", () => {
    const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods));
    const names = operations.map(({ operationId }) => operationId);
    expect(names.every((name) => /^[a-z][a-zA-Z]+$/.test(name ?? ""))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
    for (const { operationId, responses } of operations) {
      expect(
        Object.keys(responses).some((status) => status.startsWith("2")),
        operationId,
      ).toBe(true);
      expect(responses["default"]?.content?.["application/problem+json"]?.schema.$ref).toBe(
        "#/components/schemas/Problem",
      );
    }
  });

  it("has no name of a schema that generators for Go give to what makes another", () => {
    const names = Object.keys(description.components?.schemas ?? {});
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => names.includes(name.replace(/^New/, "")) && name.startsWith("New"))).toEqual([]);
  });

  it("makes a client with a public generator, which builds and takes an action from its submission to its report", {
    timeout: 60_000,
  }, async () => {
    const results = fileURLToPath(new URL("../../../../.test-results/", import.meta.url));
    mkdirSync(results, { recursive: true });
    const folder = mkdtempSync(join(results, "client-"));
    try {
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      writeFileSync(join(folder, "api.d.ts"), astToString(await openapiTS(description)));
      writeFileSync(join(folder, "main.ts"), PROGRAM);
      expect(built(join(folder, "main.ts"))).toEqual([]);
      const env = { GATE_URL: gate.server.url, GATE_KEY: ADMIN };
      const { stdout } = await promisify(execFile)(process.execPath, [join(folder, "main.js")], { env });
      expect(JSON.parse(stdout)).toEqual({
        steps: ["pending_approval", "approved", "executing", "succeeded"],
        code: "not_claimable",
        listed: 1,
      });
      expect(readFileSync(join(folder, "main.js"), "utf8")).toContain("openapi-fetch");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** What the compiler finds wrong with a program; its JavaScript is beside it. */
function built(file: string): string[] {
  const program = ts.createProgram([file], {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ["node"],
  });
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
}
