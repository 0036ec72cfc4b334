export const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A terminal sends Ctrl-C to npm and to us, and npm passes it on: within this time it is one press. */
const ONE_PRESS_MS = 500;

/** Answers when a signal came and the server has stopped gently; a second press ends at once. */
export async function stopped(server: { stop(): Promise<void> }): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstMs: number | undefined;
  const onSignal = (): void => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    resolve();
    if (nowMs - firstMs > ONE_PRESS_MS) process.exit(1);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  await promise;
  await server.stop();
}
