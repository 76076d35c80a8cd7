import { readFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** The release that decides, as it is written beside each decision. */
export const RUNTIME_VERSION = `faramesh/${version}`;
