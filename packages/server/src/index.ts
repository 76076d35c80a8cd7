export { ConfigError, isLoopback, readServerEnvironment, type ServerConfig } from "./config.js";
export { PolicyLoadError } from "./gate/activate-policy.js";
export { type Server, startServer } from "./main.js";
export { DirectoryInUseError, LedgerMismatchError } from "./store/store.js";
