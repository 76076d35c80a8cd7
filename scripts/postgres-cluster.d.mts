/** How a cluster is made. */
export interface ClusterOptions {
  /** The folder of PostgreSQL's programs, from `ensurePostgres`. */
  readonly bin: string;
  /** Where the cluster's own folder is made: the system's folder for temporary files, unless said. */
  readonly directory?: string;
  /** Settings of the server. As it is, it syncs to disk before it acknowledges, and takes 100 connections on 127.0.0.1. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The ports to try, one after another, until one is free: some at random, unless said. */
  readonly ports?: Iterable<number>;
}

/** A running PostgreSQL of our own. It ends, and its folder goes, when the process that started it ends in whatever way. */
export interface Cluster {
  /** Of its database `postgres`, with its superuser and the password without which it takes no connection. */
  readonly url: string;
  readonly port: number;
  /** Of its postmaster; null while it is down. */
  readonly pid: number | null;
  readonly directory: string;
  /** The file of what it says. */
  readonly log: string;
  /**
   * Makes an empty database.
   *
   * @param name - Lower-case letters, digits and underscores; a random one unless said.
   * @returns Its URL.
   */
  createDatabase(name?: string): Promise<string>;
  /** Sends SIGKILL to all of its processes, as a crash would, and waits until the postmaster is gone. */
  kill(): Promise<void>;
  /**
   * Starts it again after `kill`, on the same port with the same data, and waits until it takes connections.
   *
   * @throws Error with what PostgreSQL said.
   */
  start(): Promise<void>;
  /** Ends it for good, and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts a fresh cluster on a free port of 127.0.0.1.
 *
 * @throws Error with what PostgreSQL said, when it could not.
 */
export function startPostgres(options: ClusterOptions): Promise<Cluster>;
