/** A body whose last byte arrives after `meanwhile`, which begins when the service waits for that byte. */
export function held(body: string, meanwhile: () => Promise<void>): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(body);
  const parts = [bytes.subarray(0, -1), bytes.subarray(-1)];
  let sent = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        if (sent === 1) await meanwhile();
        const part = parts[sent];
        sent += 1;
        if (part === undefined) controller.close();
        else controller.enqueue(new Uint8Array(part));
      },
    },
    // Nothing is produced before the service reads.
    { highWaterMark: 0 },
  );
}
