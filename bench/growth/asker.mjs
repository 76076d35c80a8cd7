import { connect } from "node:net";
import { Connection } from "../load/connection.mjs";
import { getRequest } from "../load/requests.mjs";

/** What comes before each event in a stream. */
const EVENT_START = "\nevent: ";

/** A server that does not answer must not hold up the bench for ever. */
const ANSWER_MS_MAX = 60_000;

/**
 * An answer, and how long it took.
 *
 * @typedef {{ ms: number, status: number, body: string }} Answer
 */

/** Asks one server, one question at a time. */
export class Asker {
  #port;
  #key;
  /** @type {Connection | null} */
  #connection = null;

  /**
   * @param {number} port
   * @param {string} key
   */
  constructor(port, key) {
    this.#port = port;
    this.#key = key;
  }

  /**
   * @param {string} path
   * @returns {Promise<Answer>}
   */
  async ask(path) {
    const request = Buffer.from(getRequest(path, this.#key));
    const connection = await this.#connected();
    return inTime(path, (startedAt, resolve, reject) => {
      const done = (status, body) =>
        resolve({ ms: performance.now() - startedAt, status, body: body.toString("utf8") });
      connection.send(request, done, reject);
    });
  }

  /**
   * Opens a stream, on a connection of its own, and closes it when enough has come.
   *
   * @param {string} path
   * @param {number} count - Of events.
   * @returns {Promise<Answer>} From the start of the connection to the last of the events.
   */
  stream(path, count) {
    return inTime(path, (startedAt, resolve, reject) => {
      let body = "";
      const socket = connect(this.#port, "127.0.0.1", () => socket.write(getRequest(path, this.#key)));
      socket.setEncoding("latin1").on("data", (chunk) => {
        body += chunk;
        const status = Number(body.slice(9, 12));
        if (status === 200 && body.split(EVENT_START).length <= count) return;
        socket.destroy();
        resolve({ ms: performance.now() - startedAt, status, body });
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`the server closed the stream: ${body.slice(0, 300)}`)));
    });
  }

  close() {
    this.#connection?.close();
  }

  async #connected() {
    if (this.#connection?.isOpen !== true) this.#connection = await Connection.open(this.#port);
    return this.#connection;
  }
}

/**
 * @param {string} path
 * @param {(startedAt: number, resolve: (answer: Answer) => void, reject: (error: Error) => void) => void} start
 * @returns {Promise<Answer>}
 */
async function inTime(path, start) {
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      const overdue = () => reject(new Error(`GET ${path} is not answered after ${ANSWER_MS_MAX} ms`));
      timer = setTimeout(overdue, ANSWER_MS_MAX);
      start(performance.now(), resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
