import dns, { type LookupAddress } from "node:dns";
import { once } from "node:events";
import { type RequestListener, Server } from "node:http";
import { type AddressInfo, createServer, type Server as Listener, type ListenOptions } from "node:net";

/** How long a request may take to arrive, and a connection may stay open between two. */
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 72_000;

/** How often requests are looked at for being overdue: so much more time than its own may one take at the most. */
const OVERDUE_CHECK_MS = 1_000;

/** What listening fails with on an address that this machine does not have. */
const NO_SUCH_ADDRESS: ReadonlySet<unknown> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"]);

/**
 * The HTTP server below the framework. For `localhost` it listens on every address of that name, since clients differ
 * in which one they try. All connections are this one server's, so its bounds and its closing hold for each.
 */
export class GateServer extends Server {
  /**
   * Node's own switch. A caller that closes its side behind a request still hears the answer: what it asked for may be
   * recorded by then. Whoever waits for long looks for that end itself, as `callerGone` does.
   */
  readonly httpAllowHalfOpen = true;

  /** What listens on further addresses. */
  #others: Listener[] = [];

  constructor(answer: RequestListener, requestTimeoutMs: number = REQUEST_TIMEOUT_MS) {
    const times = { requestTimeout: requestTimeoutMs, keepAliveTimeout: KEEP_ALIVE_MS };
    super({ ...times, connectionsCheckingInterval: OVERDUE_CHECK_MS }, answer);
  }

  /** Listens as the framework asks for it: with options. It listens everywhere when it emits `listening`. */
  override listen(...how: unknown[]): this {
    const options = how[0] as ListenOptions;
    if (options.host !== "localhost") return super.listen(options);
    dns.lookup("localhost", { all: true }, (error, addresses) => {
      if (error === null) void this.#listenOnAll(options, addresses);
      else this.emit("error", error);
    });
    return this;
  }

  /** Listens no more; calls back when the last connection is closed. */
  override close(callback?: (error?: Error) => void): this {
    const others = this.#closeOthers();
    const tell = async (error?: Error): Promise<void> => {
      await others;
      callback?.(error);
    };
    return super.close((error) => void tell(error));
  }

  async #listenOnAll(options: ListenOptions, found: readonly LookupAddress[]): Promise<void> {
    const [first, ...others] = new Set(found.map(({ address }) => address));
    let { port } = options;
    const giveUp = (): void => void this.#closeOthers();
    this.once("error", giveUp).once("listening", () => this.off("error", giveUp));
    try {
      for (const host of others) port = await this.#listenAlso({ ...options, host, port });
      super.listen({ ...options, host: first, port });
    } catch (error) {
      this.emit("error", error);
    }
  }

  /** @returns The port it listens on, or the one asked for where there is no such address. */
  async #listenAlso(options: ListenOptions): Promise<number | undefined> {
    const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.emit("connection", socket));
    try {
      await once(other.listen(options), "listening");
    } catch (error) {
      if (NO_SUCH_ADDRESS.has((error as NodeJS.ErrnoException).code)) return options.port;
      throw error;
    }
    other.on("error", (error) => this.emit("error", error));
    this.#others.push(other);
    return (other.address() as AddressInfo).port;
  }

  async #closeOthers(): Promise<void> {
    const others = this.#others;
    this.#others = [];
    await Promise.all(others.map((other) => new Promise((closed) => other.close(closed))));
  }
}
