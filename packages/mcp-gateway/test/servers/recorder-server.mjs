import { appendFileSync, readFileSync } from "node:fs";
import { Server } from "@modelcontextprotocol/server";

/**
 * An MCP server that writes each call that reaches it into the file `calls`, one JSON line each. Its tools are as the
 * JSON file `definitions` says at the time.
 */
export function recorderServer(calls, definitions) {
  const server = new Server({ name: "recorder", version: "1.0.0" }, { capabilities: { tools: { listChanged: true } } });

  const BEHAVIOURS = {
    echo: ({ text }) => ({ content: [{ type: "text", text: String(text) }] }),
    big: ({ bytes }) => ({ content: [{ type: "text", text: "0123456789".repeat(bytes / 10) }] }),
    fail: ({ text }) => ({ content: [{ type: "text", text: String(text) }], isError: true }),
    throw: ({ text }) => {
      throw new Error(String(text));
    },
    pay: ({ text }) => ({ content: [{ type: "text", text: `paid ${text}` }] }),
    die: () => process.exit(3),
    environment: () => ({ content: [{ type: "text", text: Object.keys(process.env).join(" ") }] }),
    async slow(_, { mcpReq }) {
      await new Promise((resolve) => mcpReq.signal.addEventListener("abort", resolve));
      appendFileSync(calls, `${JSON.stringify({ aborted: true })}\n`);
      return { content: [] };
    },
    async changed() {
      await server.sendToolListChanged();
      return { content: [{ type: "text", text: "changed" }] };
    },
  };

  server.setRequestHandler("tools/list", () => JSON.parse(readFileSync(definitions, "utf8")));
  server.setRequestHandler("tools/call", ({ params }, context) => {
    appendFileSync(calls, `${JSON.stringify({ tool: params.name, args: params.arguments })}\n`);
    return BEHAVIOURS[params.name](params.arguments, context);
  });
  return server;
}
