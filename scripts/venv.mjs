import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { ROOT, run } from "./run.mjs";

const VENV = `${ROOT}.venv`;
const STAMP = `${VENV}/installed-from.sha256`;
const SOURCES = ["python/requirements-dev.txt", "python/pyproject.toml"];
const OLDEST = [3, 9];

/**
 * Makes the Python environment of the tests, `.venv`, or finds it made: again whenever the requirement files change.
 *
 * @param {(line: string) => void} say - Told what is done.
 * @returns {Promise<string>} The folder of its programs, with a trailing slash.
 * @throws {Error} A sentence saying what to install, where Python or its venv module is missing.
 */
export async function ensureVenv(say) {
  const programs = `${VENV}/bin/`;
  const wanted = fingerprint();
  if (existsSync(`${programs}python`) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return programs;
  if (!(await works(`${programs}python`, "pip"))) await create(await findPython(), say);
  say(`installing ${SOURCES[0]} and the package in python/ into .venv`);
  await install(`${programs}python`);
  writeFileSync(STAMP, wanted);
  return programs;
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const source of SOURCES) hash.update(readFileSync(ROOT + source));
  return hash.digest("hex");
}

async function works(python, ...modules) {
  const { code, output } = await run(
    python,
    ["-c", `import ${["sys", ...modules].join()}; print(*sys.version_info[:2])`],
    {
      capture: true,
    },
  );
  const [major, minor] = output.trim().split(" ").map(Number);
  return code === 0 && major === OLDEST[0] && minor >= OLDEST[1];
}

async function findPython() {
  for (const candidate of [process.env.PYTHON, "python3", "python"].filter(Boolean)) {
    if (await works(candidate)) return candidate;
  }
  throw new Error(
    `Python ${OLDEST.join(".")} or newer is needed. On Debian or Ubuntu: apt-get install python3 python3-venv. ` +
      "Or name one in the variable PYTHON.",
  );
}

async function create(python, say) {
  say(`making .venv with ${python}`);
  const { code, output } = await run(python, ["-m", "venv", "--clear", VENV], { capture: true });
  if (code === 0) return;
  rmSync(VENV, { recursive: true, force: true });
  throw new Error(
    `${output.trim()}\nPython's venv module is needed. On Debian or Ubuntu: apt-get install python3-venv`,
  );
}

async function install(python) {
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const { code, output } = await run(python, [...args, "-r", SOURCES[0], "-e", "python"], { capture: true });
  if (code !== 0) throw new Error(`pip could not install the Python packages:\n${output.trim()}`);
}
