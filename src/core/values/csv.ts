import { dayText, instant as instantText } from '#core/time/day.ts';

/** One line of CSV (RFC 4180), without its line end. */
export function csvLine(values: readonly unknown[]): string {
  return values.map(cell).join(',');
}

function cell(value: unknown): string {
  const text = String(value ?? '');
  // A spreadsheet would run it as a formula (OWASP, CSV injection).
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  // The semicolon too, because `semicolonCells` puts it between cells.
  return /[",;\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/**
 * Replaces the commas between the cells of a CSV with semicolons, which Excel expects on a double click where the comma
 * is the decimal sign, as in German.
 *
 * @returns a function that converts the output of `csvLine` in pieces of any size
 */
export function semicolonCells(): (piece: string) => string {
  let isQuoted = false;
  return (piece) =>
    piece.replace(/[",]/g, (sign) => {
      if (sign === ',') return isQuoted ? ',' : ';';
      isQuoted = !isQuoted;
      return sign;
    });
}

/** RFC 4180: every line ends with CRLF, including the last one. */
export function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

/** RFC 3339, UTC. */
export function instant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : instantText(at);
}

/** The promised day as the page shows it, or the instant. @param dayAt for the start of a period, or for its end */
export function dayOr(dayAt: (at: number) => number | undefined, at: number | undefined): string | undefined {
  const day = at === undefined ? undefined : dayAt(at);
  return day === undefined ? instant(at) : dayText(day);
}
