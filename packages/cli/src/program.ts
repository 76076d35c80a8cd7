import { Command, CommanderError } from "commander";
import { COMMANDS, type CommandEntry } from "./command-table.js";
import { reportError, usageError } from "./errors.js";
import { VERSION } from "./version.js";

const EXIT_CODES = `
Exit codes:
  0  the command did what it was asked (a HALT is an answer, not a failure)
  1  it failed or was refused: "error: …" and "code: …" on stderr
  2  it was called wrongly

Client commands read FARAMESH_URL and FARAMESH_API_KEY (or FARAMESH_TOKEN). For a gate on this machine
without either, the key is read from the data directory (./.faramesh, or --data).`;

/**
 * Runs one command line.
 *
 * @param argv - The arguments after `faramesh`.
 * @returns The exit code.
 */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram((entry) => entry.name === namedCommand(argv));
    await program.parseAsync([...argv], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return reportFailure(error, argv.includes("--json"));
  }
}

/**
 * The whole command tree. Only the chosen commands' files are loaded: the rest are known by name and summary, which
 * keeps `faramesh --help` fast.
 */
async function buildProgram(chosen: (entry: CommandEntry) => boolean): Promise<Command> {
  const program = new Command("faramesh")
    .description("A gate between AI agents and the world: decide, approve, record.")
    .version(VERSION)
    .addHelpText("after", EXIT_CODES)
    .showSuggestionAfterError()
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  for (const entry of COMMANDS) {
    const command = program.command(entry.name).description(entry.summary);
    if (chosen(entry)) (await entry.load()).define(command, () => buildProgram(() => true));
  }
  return program;
}

function namedCommand(argv: readonly string[]): string | undefined {
  const [first, second] = argv.filter((argument) => !argument.startsWith("-"));
  return first === "help" ? second : first;
}

function reportFailure(error: unknown, json: boolean): number {
  if (!(error instanceof CommanderError)) return reportError(error, json);
  if (error.exitCode === 0) return 0;
  if (error.code === "commander.help") return 2;
  return reportError(usageError(error.message.replace(/^error: /, "").replace(/\n/g, " ")), json);
}
