import { access, readFile, rename, writeFile } from "node:fs/promises";
import { readPolicyCases } from "@faramesh/core";
import type { Action, Outcome } from "@faramesh/protocol";
import { dump } from "js-yaml";
import { resolveActionId } from "../action-id.js";
import { type ConnectionOptions, connect } from "../connection.js";
import { CliError } from "../errors.js";
import { print, printable, printJson } from "../output.js";

interface RecordOptions extends ConnectionOptions {
  out?: string;
  name?: string;
  expect?: Outcome;
}

/** Reason codes of decisions that no policy made, so that no test of one can expect them. */
const WITHOUT_POLICY: readonly string[] = ["AGENT_DISABLED", "POLICY_UNAVAILABLE", "INTERNAL_ERROR"];

/**
 * `faramesh policy record ACTION_ID`: a recorded action as a test of the policy, expecting what was decided, or with
 * `--expect` what should have been.
 */
export async function recordTest(given: string, { out, name, expect, ...options }: RecordOptions): Promise<void> {
  const client = connect(options);
  const action = await client.getAction(await resolveActionId(client, given));
  const text = dump([testOf(action, name, expect)], { lineWidth: -1, noRefs: true });
  assertSameAction(text, action);
  if (out !== undefined) await append(out, text);
  if (options.json) return printJson(testOf(action, name, expect));
  if (out === undefined) process.stdout.write(text);
  else print(`added to ${printable(out)}: try faramesh policy test`);
}

function testOf(action: Action, name: string | undefined, expect: Outcome | undefined): object {
  const { id, agent_id, tool, operation, params, context, outcome, rule_id, reason_code } = action;
  if (expect === undefined && WITHOUT_POLICY.includes(reason_code)) {
    const hint = "say with --expect what the policy should answer";
    throw new CliError("not_by_policy", `${id} was answered ${reason_code}, by no rule of a policy`, { hint });
  }
  return {
    name: name ?? `${tool} ${operation} of ${agent_id}, as ${id}`,
    action: { agent_id, tool, operation, params, ...(context !== undefined && { context }) },
    expect: expect === undefined || expect === outcome ? { outcome, rule_id, reason_code } : { outcome: expect },
  };
}

/** What was recorded must be what the test will decide: YAML has a few texts of its own mind. */
function assertSameAction(text: string, action: Action): void {
  const { cases, findings } = readPolicyCases(text);
  if (cases?.[0]?.action.request_hash === action.request_hash) return;
  const why = findings[0]?.message ?? "it reads otherwise";
  throw new CliError("not_a_test", `${action.id} cannot be written as a test: ${why}`);
}

/** Writes the whole file anew beside the old one, so that nobody reads half of it. */
async function append(file: string, text: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  const before = isThere ? await readFile(file, "utf8") : "";
  const after = before === "" || before.endsWith("\n") ? `${before}${text}` : `${before}\n${text}`;
  const count = ({ cases }: ReturnType<typeof readPolicyCases>): number => cases?.length ?? -1;
  if (before.trim() !== "" && count(readPolicyCases(after)) !== count(readPolicyCases(before)) + 1) {
    const hint = "write its tests as a list of lines that begin with -, or take another file";
    throw new CliError("invalid_cases", `${file} is not a list that a test can be added to`, { hint });
  }
  await writeFile(`${file}.new`, after);
  await rename(`${file}.new`, file);
}
