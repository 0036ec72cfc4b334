const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const UTF_16 = { le: new TextDecoder('utf-16le', { fatal: true }), be: new TextDecoder('utf-16be', { fatal: true }) };

/**
 * The text of a file or of standard input, or `undefined` where it is none that we can read.
 *
 * UTF-8, or UTF-16 with the mark that PowerShell's `>` writes in front; the mark is never a part of the text. A NUL is
 * no text: without a mark it is UTF-16 or something else.
 */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = decoderOf(bytes).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

function decoderOf([first, second]: Uint8Array) {
  if (first === 0xff && second === 0xfe) return UTF_16.le;
  return first === 0xfe && second === 0xff ? UTF_16.be : UTF_8;
}

/** The same without one line end at its end, as an editor or `echo` leaves it. */
export function lineOf(bytes: Uint8Array): string | undefined {
  return textOf(bytes)?.replace(/\r\n$|\n$|\r$/, '');
}
