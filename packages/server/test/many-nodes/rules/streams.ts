import type { Evidence } from "../entries.js";
import type { StreamLog } from "../final-state.js";
import { type Violation, violation } from "../violation.js";

/** Every reader of the stream got every event once and in the ledger's order, over all its connections. */
export function streamsAreWhole(evidence: Evidence): Violation[] {
  return evidence.final.streams.flatMap((stream) => {
    const fault = faultOf(stream, evidence);
    return fault === null ? [] : [violation("stream_whole", `${stream.name} ${fault}`)];
  });
}

function faultOf({ after, agentId, events }: StreamLog, { entries }: Evidence): string | null {
  const due = entries.filter(
    ({ index, body }) =>
      index > after && body.action_id !== undefined && (agentId === null || body.agent_id === agentId),
  );
  for (const [place, entry] of due.entries()) {
    const event = events[place];
    if (event === undefined) return `ended before entry ${entry.index}`;
    if (event.index !== entry.index) return `has event ${event.index} in the place of entry ${entry.index}`;
    if (event.leafHash !== entry.leafHash) return `has another hash for entry ${entry.index}`;
  }
  return events.length > due.length ? `has event ${events[due.length]?.index} that no entry tells of` : null;
}
