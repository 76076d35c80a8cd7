/** What this process has used: processor time of all its threads, in the kernel too, and memory as it is now. */
export function usage() {
  const { user, system } = process.cpuUsage();
  return { processorMicroseconds: user + system, rssBytes: process.memoryUsage.rss() };
}
