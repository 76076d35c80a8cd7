import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the example of an MCP server behind the gate does what it says, and exits 0", { timeout: 60_000 }, async () => {
  const program = fileURLToPath(new URL("files.mjs", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  expect(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split(":")[0]),
  ).toEqual(["EXECUTE", "HALT", "ABSTAIN", "approved"]);
});
