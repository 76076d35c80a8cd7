/** The recorder over streamable HTTP. Prints its URL; the bearer tokens it was sent are in the file `calls`, too. */
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { recorderServer } from "./recorder-server.mjs";

const [, , calls, definitions] = process.argv;
const handler = createMcpHandler(() => recorderServer(calls, definitions));

async function answer(incoming, outgoing) {
  const { authorization } = incoming.headers;
  if (authorization !== undefined) appendFileSync(calls, `${JSON.stringify({ authorization })}\n`);
  const chunks = await incoming.toArray();
  const body = incoming.method === "POST" ? { body: Buffer.concat(chunks) } : {};
  const request = new Request(`http://127.0.0.1${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
    ...body,
  });
  const response = await handler.fetch(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  for await (const chunk of response.body ?? []) outgoing.write(chunk);
  outgoing.end();
}

const http = createServer((incoming, outgoing) => void answer(incoming, outgoing));
http.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on http://127.0.0.1:${http.address().port}/mcp\n`);
});
