import { canonicalEmail, readMailbox } from './email.ts';
import { cleanName } from './name.ts';

/** One address of a pasted list. */
export type PastedPerson = {
  /** Counted from 1. */
  readonly line: number;
  /** Canonical. */
  readonly email: string;
  /** As written beside it, else the part before the @. */
  readonly name: string;
};

/** A piece of a pasted list that invites nobody. */
export type PastedFault = {
  readonly line: number;
  readonly text: string;
  readonly why: 'email' | 'name' | 'twice';
  /** For `twice`: the line that has the address already. */
  readonly firstLine?: number;
};

export type Pasted = { readonly people: readonly PastedPerson[]; readonly faults: readonly PastedFault[] };

/**
 * Reads email addresses as people paste them: one a line, or several, between commas, semicolons, tabs or spaces, each
 * alone or as `Name <email>`. Every piece becomes a person or a fault, so nothing that was pasted disappears.
 */
export function readPastedEmails(text: string): Pasted {
  const people: PastedPerson[] = [];
  const faults: PastedFault[] = [];
  const lines = new Map<string, number>();
  for (const [index, written] of text.split(/\r\n|[\r\n]/).entries()) {
    const line = index + 1;
    for (const piece of piecesOf(written)) {
      const { email: typed, name: given } = readMailbox(piece);
      const email = canonicalEmail(typed);
      const name = email === undefined ? undefined : cleanName(given ?? email.slice(0, email.lastIndexOf('@')));
      const firstLine = email === undefined ? undefined : lines.get(email);
      if (email === undefined) faults.push({ line, text: piece, why: 'email' });
      else if (firstLine !== undefined) faults.push({ line, text: piece, why: 'twice', firstLine });
      else if (name === undefined) faults.push({ line, text: piece, why: 'name' });
      else {
        lines.set(email, line);
        people.push({ line, email, name });
      }
    }
  }
  return { people, faults };
}

/** The addresses of one line. A comma between quotation marks belongs to a name: `"Lind, Bo" <bo@acme.example>`. */
function piecesOf(line: string): readonly string[] {
  const parts = line.split('"');
  // Every second part is quoted. With an odd number of marks, none is.
  const isQuoted = (index: number) => parts.length % 2 === 1 && index % 2 === 1;
  // A control character is in no address, so it can mark where to cut.
  const marked = parts.map((part, index) => (isQuoted(index) ? part : part.replace(/[,;\t]/g, CUT))).join('"');
  const pieces = marked.split(CUT).map((piece) => piece.trim());
  return pieces.flatMap((piece) => (piece === '' ? [] : bySpaces(piece)));
}

const CUT = '\n';

/** Addresses with spaces alone between them. Other pieces with spaces are a name and its address. */
function bySpaces(piece: string): readonly string[] {
  const words = piece.split(/\s+/);
  return words.every((word) => word.includes('@')) ? words : [piece];
}
