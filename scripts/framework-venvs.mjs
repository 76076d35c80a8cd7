import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { ROOT, run } from "./run.mjs";

const TESTS = "python/integration_tests/";
const VENVS = `${ROOT}.venvs/`;
const OLDEST = [3, 11];

/** The suites of the Python integrations: each a folder of tests with the frameworks that it needs, pinned. */
export const FRAMEWORK_SUITES = readdirSync(ROOT + TESTS)
  .filter((name) => existsSync(`${ROOT}${TESTS}${name}/requirements.txt`))
  .sort();

/** The folder of a suite's tests, relative to the clone. */
export const suiteFolder = (name) => TESTS + name;

/** The Python of a suite's environment. */
export const suitePython = (name) => `${VENVS}${name}/bin/python`;

/**
 * Makes the environments of the suites in `.venvs`, or finds them made: each again whenever its requirements change.
 *
 * @param {string} programs - The folder of the programs of `.venv`, with a trailing slash.
 * @param {(line: string) => void} say - Told what is done.
 * @returns {Promise<boolean>} Whether they are there: the frameworks need a newer Python than the SDK does.
 * @throws {Error} What the installer says, where a package cannot be had.
 */
export async function ensureFrameworkVenvs(programs, say) {
  const version = await pythonVersion(`${programs}python`);
  if (version[0] !== OLDEST[0] || version[1] < OLDEST[1]) return false;
  mkdirSync(VENVS, { recursive: true });
  for (const name of FRAMEWORK_SUITES) await ensure(name, version, programs, say);
  return true;
}

async function ensure(name, version, programs, say) {
  const requirements = `${TESTS}${name}/requirements.txt`;
  const stamp = `${VENVS}${name}.sha256`;
  const wanted = createHash("sha256")
    .update(version.join("."))
    .update(readFileSync(ROOT + requirements))
    .digest("hex");
  if (existsSync(suitePython(name)) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say(`installing ${requirements} into .venvs/${name}`);
  const uv = `${programs}uv`;
  await must(uv, ["venv", "--quiet", "--clear", "--python", `${programs}python`, VENVS + name]);
  await must(uv, ["pip", "sync", "--quiet", "--python", suitePython(name), "--only-binary", ":all:", requirements]);
  writeFileSync(stamp, wanted);
}

async function must(program, args) {
  const { code, output } = await run(program, args, { capture: true });
  if (code !== 0) throw new Error(`the Python frameworks could not be installed:\n${output.trim()}`);
}

async function pythonVersion(python) {
  const { output } = await run(python, ["-c", "import sys; print(*sys.version_info[:2])"], { capture: true });
  return output.trim().split(" ").map(Number);
}
