import { type ConnectionOptions, connectAdmin } from "../connection.js";
import { print, printable, printJson } from "../output.js";
import { testsBeside } from "../policy-tests.js";
import { versionName } from "../render/policy.js";
import { readText } from "../text-file.js";

interface PushOptions extends ConnectionOptions {
  note?: string;
  activate?: boolean;
}

/** `faramesh policy push FILE`: records a file, with the tests beside it, as a version on the gate. */
export async function pushPolicy(file: string, { note, activate, ...options }: PushOptions): Promise<void> {
  const source = await readText(file);
  const tests = (await testsBeside(file))?.text;
  const pushed = await connectAdmin(options).createPolicy({
    source,
    ...(tests !== undefined && { tests }),
    ...(note !== undefined && { note }),
    ...(activate === true && { activate }),
  });
  if (options.json) return printJson(pushed);
  const name = printable(versionName(pushed));
  print(pushed.created ? `recorded ${name}` : `${name} is recorded already`);
  if (pushed.active) print(pushed.activated ? `${name} decides from now on` : `${name} decides already`);
  else print(`it does not decide yet: faramesh policy activate ${printable(pushed.id)} ${pushed.version}`);
}
