const UTF_8 = new TextDecoder('utf-8', { fatal: true });
const UTF_16 = { le: new TextDecoder('utf-16le', { fatal: true }), be: new TextDecoder('utf-16be', { fatal: true }) };

/**
 * The text of a file or of standard input, or `undefined` if it cannot be read.
 *
 * UTF-8, or UTF-16 with the byte order mark that PowerShell's `>` writes; the mark is not part of the text. Text with a
 * NUL is refused, because without a mark it is UTF-16 or something else.
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

/** The same without one final line end, which an editor or `echo` adds. */
export function lineOf(bytes: Uint8Array): string | undefined {
  return textOf(bytes)?.replace(/\r\n$|\n$|\r$/, '');
}
