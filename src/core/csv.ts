/** One line of CSV (RFC 4180), without its line end. */
export function csvLine(values: readonly unknown[]): string {
  return values.map(cell).join(',');
}

function cell(value: unknown): string {
  const text = String(value ?? '');
  // A spreadsheet would run it as a formula (OWASP, CSV injection).
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  // The semicolon too: `semicolonCsv` puts it between cells.
  return /[",;\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/**
 * The same CSV with semicolons between the cells and a byte order mark: as Excel reads it by a double click where the
 * comma is the decimal sign, as in German.
 *
 * @param csv as `csvLine` makes it, in pieces of any size
 */
export async function* semicolonCsv(csv: string | AsyncIterable<string>): AsyncGenerator<string> {
  yield '\ufeff';
  let isQuoted = false;
  for await (const piece of typeof csv === 'string' ? [csv] : csv) {
    yield piece.replace(/[",]/g, (sign) => {
      if (sign === ',') return isQuoted ? ',' : ';';
      isQuoted = !isQuoted;
      return sign;
    });
  }
}
