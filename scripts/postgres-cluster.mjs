import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { handOver, unprivilegedAccount } from "./postgres-account.mjs";
import { Keeper } from "./postgres-keeper.mjs";
import { pack, templateOf, unpack } from "./postgres-template.mjs";

const USER = "faramesh";

/** In the cluster's folder. */
const DATA = "data";
const PASSWORD = "password";

/** Run in that folder. Only Linux is sure to have C.UTF-8; both sort by code points. */
const INITDB = [
  `--pgdata=${DATA}`,
  `--username=${USER}`,
  `--pwfile=${PASSWORD}`,
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  `--locale=${process.platform === "linux" ? "C.UTF-8" : "C"}`,
  // Nothing is in it yet that could be lost. The server itself syncs.
  "--no-sync",
];

/** Below the ports that systems hand out by themselves, so that nobody is given ours while the cluster is down. */
const PORT_MIN = 15_000;
const PORT_MAX = 32_767;
const PORTS_TRIED_MAX = 20;

/** How long starting may take, recovery after a crash included. */
const START_MS_MAX = 60_000;
const POLL_MS = 10;

const SETTINGS = { listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: 100, fsync: "on" };

/** What it promises is said in the declarations beside this file. */
export async function startPostgres({ bin, directory = tmpdir(), settings = {}, ports = randomPorts() }) {
  const cluster = new Cluster(bin, directory, { ...SETTINGS, ...settings }, await unprivilegedAccount());
  try {
    await cluster.initialise();
    await cluster.startOnOneOf(ports);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function* randomPorts() {
  for (let tried = 0; tried < PORTS_TRIED_MAX; tried++) yield randomInt(PORT_MIN, PORT_MAX);
}

class Cluster {
  /** @type {number} */
  port;
  directory;
  log;
  #bin;
  #settings;
  #account;
  #keeper;
  #exited = Promise.resolve();
  #password = "";

  constructor(bin, directory, settings, account) {
    this.directory = mkdtempSync(join(directory, "faramesh-postgres-"));
    this.log = join(this.directory, "postgres.log");
    this.#bin = bin;
    this.#settings = settings;
    this.#account = account;
    handOver(this.directory, account);
    this.#keeper = new Keeper(this.directory, this.log, account);
  }

  get pid() {
    return this.#keeper.pid;
  }

  get url() {
    return this.#urlOf("postgres");
  }

  async initialise() {
    const template = await templateOf(this.#bin, [this.#account, INITDB]);
    if (!(await unpack(template, this.directory))) {
      await this.#initialiseAnew();
      await pack(template, this.directory, [DATA, PASSWORD]);
    }
    this.#password = readFileSync(join(this.directory, PASSWORD), "utf8");
  }

  async #initialiseAnew() {
    const passwordFile = join(this.directory, PASSWORD);
    writeFileSync(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    handOver(passwordFile, this.#account);
    const how = await this.#keeper.held(this.#run("initdb", INITDB));
    if (how !== "code 0") throw new Error(this.#problem("initdb", how, 0));
  }

  async startOnOneOf(ports) {
    const tried = [];
    for (this.port of ports) {
      const problem = await this.#launch();
      if (problem === null) return;
      if (!problem.includes("Address already in use")) throw new Error(problem);
      tried.push(this.port);
    }
    throw new Error(`PostgreSQL found none of these ports free: ${tried.join(", ")}`);
  }

  async start() {
    const problem = await this.#launch();
    if (problem !== null) throw new Error(problem);
  }

  async kill() {
    if (this.pid === null) return;
    this.#keeper.kill();
    await this.#keeper.held(this.#exited);
  }

  stop() {
    return this.#keeper.stop();
  }

  async createDatabase(name = `db_${randomBytes(8).toString("hex")}`) {
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not the name of a database: ${name}`);
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name}`);
    } finally {
      await client.end();
    }
    return this.#urlOf(name);
  }

  /** @returns {Promise<string | null>} What went wrong; null when it takes connections. */
  async #launch() {
    if (this.pid !== null) throw new Error("this cluster is running");
    const logged = textIn(this.log).length;
    const settings = Object.entries({ ...this.#settings, port: this.port }).map(
      ([name, value]) => `--${name}=${value}`,
    );
    let how = null;
    this.#exited = this.#run("postgres", ["-D", DATA, ...settings]).then((text) => {
      how = text;
    });
    const deadline = Date.now() + START_MS_MAX;
    while (!this.#isReady()) {
      if (how !== null) return this.#problem("postgres", how, logged);
      if (Date.now() > deadline) return this.#problem("postgres", `not ready after ${START_MS_MAX} ms`, logged);
      await sleep(POLL_MS);
    }
    return null;
  }

  /** As pg_ctl does it. What a killed postmaster left there has its number, not that of ours. */
  #isReady() {
    const lines = textIn(join(this.directory, DATA, "postmaster.pid")).split("\n");
    return this.pid !== null && Number(lines[0]) === this.pid && lines[7]?.trim() === "ready";
  }

  #run(program, args) {
    return this.#keeper.run([join(this.#bin, program), ...args]);
  }

  #problem(program, how, logged) {
    return `${program}, run by ${this.#account.name}: ${how}\n${textIn(this.log).slice(logged).trim()}`;
  }

  #urlOf(database) {
    return `postgres://${USER}:${this.#password}@127.0.0.1:${this.port}/${database}`;
  }
}

/** A file that may come and go. */
function textIn(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return "";
    throw error;
  }
}
