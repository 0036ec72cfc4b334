// Loaded into a measured process before its program. The measuring process asks what it has used, and the program itself
// stays unchanged. Plain JavaScript: the removal of types would add its own memory to what is measured.
const MIB = 2 ** 20;

process.on('message', (message) => {
  if (message === 'collect') globalThis.gc?.();
  if (message === 'usage' || message === 'collect') process.send?.(usage());
});
// The measuring process has exited.
process.on('disconnect', () => process.exit(1));
// The program ends as without us when it has nothing left to do.
process.channel?.unref();

/** @returns {import('./child.ts').Usage} */
function usage() {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpuMs: (user + system) / 1000, rssMb: rss / MIB, heapMb: (heapUsed + external) / MIB };
}
