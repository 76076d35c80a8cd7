import { relative } from "node:path";
import { cloneFolder, commandName } from "../command-name.js";
import { colors } from "../output.js";

/** What the steps depend on. */
interface Start {
  url: string;
  apiKey: string;
  /** Whether the starter policy decides: only then is known what becomes of each step. */
  isStarter: boolean;
}

/** What to paste into a second terminal: two `export` lines, then curl, Python and TypeScript. */
export function nextSteps({ url, apiKey, isStarter }: Start): string {
  return [
    heading("In a second terminal, in this folder:"),
    `export FARAMESH_URL=${url}\nexport FARAMESH_API_KEY=${apiKey}`,
    heading(isStarter ? "curl: submit an action; the policy allows it" : "curl: submit an action"),
    curlStep(),
    heading("Python: run a function only if the gate says EXECUTE"),
    pythonStep(),
    heading(isStarter ? "TypeScript: an action that a person must approve first" : "TypeScript: another action"),
    typescriptStep(),
    ...(isStarter ? [] : [heading("Why: what each rule of the policy says"), explainStep()]),
  ].join("\n\n");
}

function heading(text: string): string {
  return colors.bold(`# ${text}`);
}

function curlStep(): string {
  const action = { agent_id: "my-agent", tool: "shell", operation: "exec", params: { cmd: "ls -la" } };
  return `curl -s "$FARAMESH_URL/v1/actions" \\
  -H "Authorization: Bearer $FARAMESH_API_KEY" -H "Content-Type: application/json" \\
  -d '${JSON.stringify(action)}'; echo`;
}

function pythonStep(): string {
  const clone = cloneFolder();
  const source = clone === undefined ? "faramesh" : `-e ${fromHere(`${clone}python`)}`;
  return `python3 -m venv .venv && .venv/bin/pip install -q ${source} && .venv/bin/python -c '
from faramesh import ActionDenied, ApprovalRequired, execute_if_allowed
import subprocess
try:
    answer = execute_if_allowed(
        agent_id="my-agent", tool="shell", operation="exec", params={"cmd": "ls -la"},
        executor=lambda params: subprocess.check_output(params["cmd"], shell=True, text=True),
    )
    print(answer["outcome"], answer["result"])
except (ActionDenied, ApprovalRequired) as error:
    print(error)'`;
}

function typescriptStep(): string {
  return `node --input-type=module -e '
import { submitAction } from "@faramesh/sdk";
const action = await submitAction({
  agent_id: "my-agent", tool: "payments", operation: "refund", params: { amount: 250 },
});
console.log(action.status, action.reason);
if (action.status === "pending_approval") console.log("approve it with: ${commandName()} approve", action.id);'`;
}

function explainStep(): string {
  return `${commandName()} explain --agent my-agent --tool shell --operation exec --param cmd="ls -la"`;
}

// Steps are pasted where this command runs, which need not be the root of the clone.
function fromHere(path: string): string {
  return relative(process.cwd(), path) || ".";
}
