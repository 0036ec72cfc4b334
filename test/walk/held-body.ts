/** A body whose last byte arrives after `meanwhile`, which begins when the service waits for that byte. */
export function held(body: string | Buffer, meanwhile: () => Promise<void>): ReadableStream<Uint8Array> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
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

/** A form as a browser sends it; with a field `file`, which is base64, in the encoding for files. */
export function formBody({ file, ...fields }: Readonly<Record<string, string>>) {
  if (file === undefined) {
    return { body: new URLSearchParams(fields).toString(), type: 'application/x-www-form-urlencoded' };
  }
  const part = (name: string, more = '') => `--walk\r\ncontent-disposition: form-data; name="${name}"${more}\r\n`;
  const texts = Object.entries(fields).map(([name, value]) => `${part(name)}\r\n${value}\r\n`);
  const head = `${texts.join('')}${part('file', '; filename="logo.png"')}content-type: image/png\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), Buffer.from(file, 'base64'), Buffer.from('\r\n--walk--\r\n')]);
  return { body, type: 'multipart/form-data; boundary=walk' };
}
