/** One row, with the number of its first line in the file. */
export type CsvRow = { readonly line: number; readonly cells: readonly string[] };

/**
 * Why a file cannot be read further, and in which line. `encoding`: no UTF-8; `utf16`: UTF-16 without its mark;
 * `zero`: a zero byte, which no text has;
 * `quote`: a quotation mark without its partner; `too_long`: a row longer than any of ours; `too_many`: too many rows.
 */
export type CsvFault = {
  readonly line: number;
  readonly fault: 'encoding' | 'utf16' | 'zero' | 'quote' | 'too_long' | 'too_many';
};

/** One piece takes about a millisecond, so a caller can let others work in between. */
const PIECE_BYTES = 32 * 1024;
/** Far beyond seven cells of ours. A quotation mark that is never closed ends here. */
const ROW_LENGTH_MOST = 16 * 1024;

/**
 * Reads CSV as people send it (RFC 4180): UTF-8 with or without a byte order mark, or UTF-16 with one; comma, semicolon
 * or tab, whichever the first line has most of; any line ends. Rows without any text are left out.
 *
 * Lazy: only what the caller asks for is read. After a fault it ends.
 */
export function* readCsv(bytes: Uint8Array, most: { readonly rows: number }): Generator<CsvRow | CsvFault> {
  let count = 0;
  for (const row of rowsOf(decoded(bytes))) {
    if ('fault' in row) return yield row;
    if (row.cells.every((cell) => cell === '') || isSeparatorLine(row)) continue;
    count += 1;
    if (count > most.rows) return yield { line: row.line, fault: 'too_many' };
    yield { line: row.line, cells: row.cells.map(withoutGuard) };
  }
}

export function isCsvFault(row: object): row is CsvFault {
  return 'fault' in row;
}

type Piece = { readonly text: string } | { readonly fault: 'encoding' | 'utf16' | 'zero'; readonly textBefore: string };

function* decoded(bytes: Uint8Array): Generator<Piece> {
  const encoding = encodingOf(bytes);
  if (encoding === undefined) return yield { fault: 'utf16', textBefore: '' };
  const decoder = new TextDecoder(encoding, { fatal: true });
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    try {
      const text = decoder.decode(piece, { stream: at + PIECE_BYTES < bytes.length });
      if (!text.includes('\0')) yield { text };
      else return yield { fault: 'zero', textBefore: text.slice(0, text.indexOf('\0')) };
    } catch {
      // The first replacement character is where it stops being UTF-8, after the rest of the character before.
      const begun =
        at === 0
          ? 0
          : Math.min(
              3,
              piece.findIndex((byte) => byte < 0x80 || byte >= 0xc0),
            );
      const text = new TextDecoder(encoding).decode(piece.subarray(Math.max(0, begun)));
      const wrong = text.indexOf('\ufffd');
      return yield { fault: 'encoding', textBefore: wrong === -1 ? text : text.slice(0, wrong) };
    }
  }
}

/** By its mark; without one UTF-8. Undefined for what can only be UTF-16, whose text is every second byte. */
function encodingOf([first, second, third, fourth]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  const isEverySecond = (second === 0 && fourth === 0) || (first === 0 && third === 0);
  return isEverySecond && first !== undefined ? undefined : 'utf-8';
}

/** Where the scan is: in a cell, in quotes, or right after quotes. */
type State = {
  line: number;
  rowLine: number;
  cells: string[];
  cell: string;
  mode: 'start' | 'plain' | 'quoted' | 'closed';
  length: number;
  afterReturn: boolean;
};

function* rowsOf(pieces: Iterable<Piece>): Generator<CsvRow | CsvFault> {
  const state: State = {
    ...{ line: 1, rowLine: 1, cells: [], cell: '', mode: 'start', length: 0, afterReturn: false },
  };
  let delimiter: string | undefined;
  for (const piece of pieces) {
    if ('fault' in piece) return yield { line: state.line + linesIn(piece.textBefore), fault: piece.fault };
    delimiter ??= delimiterOf(piece.text);
    yield* scan(state, piece.text, delimiter);
    if (state.length > ROW_LENGTH_MOST) {
      return yield { line: state.rowLine, fault: state.mode === 'quoted' ? 'quote' : 'too_long' };
    }
  }
  if (state.mode === 'quoted') return yield { line: state.rowLine, fault: 'quote' };
  if (state.length > 0) yield endRow(state);
}

function* scan(state: State, text: string, delimiter: string): Generator<CsvRow> {
  for (const sign of text) {
    const isFeedOfReturn = sign === '\n' && state.afterReturn;
    state.afterReturn = sign === '\r';
    if (isFeedOfReturn && state.mode !== 'quoted') continue;
    const isEnd = sign === '\n' || sign === '\r';
    if (isEnd && !isFeedOfReturn) state.line += 1;
    state.length += 1;
    if (state.length > ROW_LENGTH_MOST) return;
    if (state.mode === 'quoted') readQuoted(state, sign);
    else if (isEnd) yield endRow(state);
    else readPlain(state, sign, delimiter);
  }
}

function readQuoted(state: State, sign: string): void {
  if (sign === '"') state.mode = 'closed';
  else state.cell += sign;
}

function readPlain(state: State, sign: string, delimiter: string): void {
  if (sign === delimiter) {
    state.cells.push(state.cell.trim());
    state.cell = '';
    state.mode = 'start';
  } else if (sign === '"' && state.mode === 'start') {
    state.mode = 'quoted';
  } else if (sign === '"' && state.mode === 'closed') {
    // Two quotation marks inside quotes stand for one.
    state.cell += sign;
    state.mode = 'quoted';
  } else {
    state.cell += sign;
    // A space before a quotation mark is not part of the cell.
    if (state.mode !== 'start' || sign !== ' ') state.mode = 'plain';
  }
}

function endRow(state: State): CsvRow {
  const row = { line: state.rowLine, cells: [...state.cells, state.cell.trim()] };
  Object.assign(state, { rowLine: state.line, cells: [], cell: '', mode: 'start', length: 0 });
  return row;
}

/** `sep=;` in the first line, which Excel writes and reads. */
function isSeparatorLine({ line, cells }: CsvRow): boolean {
  return line === 1 && /^sep=.?$/i.test(cells[0] ?? '');
}

/** Of the first line, without what is in quotes. */
function delimiterOf(text: string): string {
  const line = text.replace(/"[^"]*"/g, '').split(/[\r\n]/, 1)[0] ?? '';
  const counts = [',', ';', '\t'].map((sign) => ({ sign, count: line.split(sign).length }));
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).sign;
}

/** The apostrophe with which our own CSV keeps a spreadsheet from running a cell. */
function withoutGuard(cell: string): string {
  return /^'[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell;
}

function linesIn(text: string): number {
  return text.split(/\r\n|\r|\n/).length - 1;
}
