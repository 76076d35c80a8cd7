import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { colors } from "../output.js";

const CLONE = fileURLToPath(new URL("../../../../", import.meta.url));
const COMMAND = fileURLToPath(new URL("../main.js", import.meta.url));

/** What to paste into a second terminal: two `export` lines, then curl, Python and TypeScript. */
export function nextSteps({ url, apiKey }: { url: string; apiKey: string }): string {
  return [
    heading("In a second terminal, in this folder:"),
    `export FARAMESH_URL=${url}\nexport FARAMESH_API_KEY=${apiKey}`,
    heading("curl: submit an action; the policy allows it"),
    curlStep(),
    heading("Python: run a function only if the gate says EXECUTE"),
    pythonStep(),
    heading("TypeScript: an action that a person must approve first"),
    typescriptStep(),
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
  const source = existsSync(`${CLONE}python/pyproject.toml`) ? `-e ${fromHere(`${CLONE}python`)}` : "faramesh";
  return `python3 -m venv .venv && .venv/bin/pip install -q ${source} && .venv/bin/python -c '
from faramesh import execute_if_allowed
import subprocess
answer = execute_if_allowed(
    agent_id="my-agent", tool="shell", operation="exec", params={"cmd": "ls -la"},
    executor=lambda params: subprocess.check_output(params["cmd"], shell=True, text=True),
)
print(answer["outcome"], answer["result"])'`;
}

function typescriptStep(): string {
  return `node --input-type=module -e '
import { submitAction } from "@faramesh/sdk";
const action = await submitAction({
  agent_id: "my-agent", tool: "payments", operation: "refund", params: { amount: 250 },
});
console.log(action.status, action.reason);
console.log("approve it with: node ${fromHere(COMMAND)} approve", action.id);'`;
}

// Steps are pasted where this command runs, which need not be the root of the clone.
function fromHere(path: string): string {
  return relative(process.cwd(), path) || ".";
}
