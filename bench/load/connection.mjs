import { connect } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const NOTHING = Buffer.alloc(0);

/**
 * One keep-alive connection that sends one request at a time. A client on raw sockets, because node:http would need
 * more of its core than the servers that are to be measured.
 */
export class Connection {
  #socket;
  #pending = NOTHING;
  #settle = { done: () => {}, fail: () => {} };

  /** @param {import("node:net").Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#settle.fail(error));
    socket.on("close", () => this.#settle.fail(new Error("the server closed the connection")));
  }

  /**
   * @param {number} port - On loopback.
   * @returns {Promise<Connection>}
   */
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  /** A server may close a connection that was quiet for a while. */
  get isOpen() {
    return !this.#socket.destroyed;
  }

  /**
   * Sends a request; the one before must have been answered.
   *
   * @param {Buffer} request - Head and body.
   * @param {(status: number, body: Buffer) => void} done
   * @param {(error: Error) => void} fail
   */
  send(request, done, fail) {
    this.#settle = { done, fail };
    if (this.isOpen) this.#socket.write(request);
    else fail(new Error("the server closed the connection"));
  }

  close() {
    this.#settle = { done: () => {}, fail: () => {} };
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    const bodyStart = headEnd + HEAD_END.length;
    const bodyEnd = headEnd === -1 ? Number.POSITIVE_INFINITY : bodyStart + contentLength(bytes, headEnd);
    if (bytes.length < bodyEnd) {
      this.#pending = bytes;
      return;
    }
    this.#pending = NOTHING;
    this.#settle.done(Number(bytes.latin1Slice(9, 12)), bytes.subarray(bodyStart, bodyEnd));
  }
}

/**
 * @param {Buffer} bytes
 * @param {number} headEnd
 */
function contentLength(bytes, headEnd) {
  const head = bytes.latin1Slice(0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head}`);
  return Number(length);
}
