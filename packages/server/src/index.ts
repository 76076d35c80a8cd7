export { ConfigError, isLoopback, readServerEnvironment, type ServerConfig, storeUrl } from "./config.js";
export { PolicyLoadError } from "./gate/policies/refused-policy.js";
export { type Server, startServer } from "./main.js";
export { migratePostgres } from "./store/postgres/migrate.js";
export { DirectoryInUseError, LedgerMismatchError, StoreUnavailableError } from "./store/store.js";
