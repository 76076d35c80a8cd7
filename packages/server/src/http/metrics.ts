import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

interface Observer {
  observe(value: number): void;
}

/** What the gate counts, as Prometheus text. */
export interface Metrics {
  decided(action: { outcome: string; reason_code: string }): void;
  /** Counts the answers of one route. */
  counterFor(method: string, route: string): (status: number, seconds: number) => void;
  policyFault(isFaulty: boolean): void;
  text(): Promise<string>;
  readonly contentType: string;
}

/**
 * Metrics of their own registry, so that two servers in one process do not count together.
 *
 * @param waiting - Tells how many requests are held and streams are open.
 */
export function createMetrics(waiting: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: "faramesh_" });
  const decisions = new Counter({
    name: "faramesh_decisions_total",
    help: "Submitted actions by what the gate answered",
    labelNames: ["outcome", "reason_code"],
    registers: [registry],
  });
  const requests = new Histogram({
    name: "faramesh_http_request_seconds",
    help: "Time to answer, waits included",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  new Gauge({
    name: "faramesh_waiting",
    help: "Requests that are held and event streams that are open",
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
  const policyFault = new Gauge({
    name: "faramesh_policy_fault",
    help: "1 while the newest policy text does not load and an older one decides",
    registers: [registry],
  });
  return {
    decided: (action) => decisions.inc({ outcome: action.outcome, reason_code: action.reason_code }),
    counterFor(method, route) {
      // Looking a series up by its labels costs more than observing it, and statuses are few.
      const byStatus = new Map<number, Observer>();
      return (status, seconds) => {
        const known = byStatus.get(status) ?? requests.labels({ method, route, status });
        byStatus.set(status, known);
        known.observe(seconds);
      };
    },
    policyFault: (isFaulty) => policyFault.set(isFaulty ? 1 : 0),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
