import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { recorderServer } from "./recorder-server.mjs";

const [, , calls, definitions] = process.argv;
await recorderServer(calls, definitions).connect(new StdioServerTransport());
