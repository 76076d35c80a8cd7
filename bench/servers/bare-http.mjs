import { createServer } from "node:http";
import { serving } from "./serving.mjs";

/**
 * node:http and nothing else: parses the body as JSON, hands it over, answers the bytes that are given.
 *
 * @param {number} status
 * @param {Buffer} answer
 * @param {(body: any, done: () => void) => void} handle
 * @param {() => void} close
 */
export function serveBare(status, answer, handle, close) {
  const headers = { "content-type": "application/json; charset=utf-8", "content-length": answer.length };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).toString("utf8"));
      handle(body, () => {
        response.writeHead(status, headers);
        response.end(answer);
      });
    });
  });
  server.listen(0, "127.0.0.1", () => {
    serving(server.address().port, () => {
      server.closeAllConnections();
      server.close();
      close();
    });
  });
}
