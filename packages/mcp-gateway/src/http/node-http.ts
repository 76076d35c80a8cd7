import type { IncomingMessage, ServerResponse } from "node:http";
import { GATEWAY_LIMITS } from "../limits.js";

const NO_BODY: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/** A request of Node's server as the web knows it, without its body. Its URL has the path alone from the client. */
export function requestHead({ url = "/", rawHeaders }: IncomingMessage): Request {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  return new Request(new URL(`http://gateway.invalid${url.startsWith("/") ? url : "/"}`), { headers });
}

/**
 * The request with its method and body, aborted when the client is gone.
 *
 * @returns null where the body is too large.
 */
export async function wholeRequest(
  { url, headers }: Request,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<Request | null> {
  const { method = "GET" } = incoming;
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const body = NO_BODY.has(method) ? undefined : await readBody(incoming);
  if (body === null) return null;
  return new Request(url, { method, headers, signal: gone.signal, ...(body !== undefined && { body }) });
}

async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > GATEWAY_LIMITS.clientMessageBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Writes an answer, as fast as the client takes it. */
export async function sendResponse(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body === null) {
    response.end();
    return;
  }
  response.flushHeaders();
  const reader = answer.body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  response.once("close", () => void reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done || response.destroyed) break;
    if (!response.write(value))
      await new Promise((resolve) => void response.once("drain", resolve).once("close", resolve));
  }
  response.end();
}
