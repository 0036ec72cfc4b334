import { canonicalEmail } from '#core/people/email.ts';
import { cleanName } from '#core/people/name.ts';
import { isSlug, slugOf } from '#core/people/slug.ts';
import { type Columns, type RowFault, readPolicyCells } from './policy-row.ts';

export const IMPORT_COLUMNS = ['partner', 'partner_name', 'policy', 'from', 'email', 'name', 'role'] as const;
export type ImportColumn = (typeof IMPORT_COLUMNS)[number];

/** The partner of a row. A partner that is new needs a name. */
export type ImportPartner = {
  readonly slug: string;
  /** Whether the slug was made from the name: then a partner of that name is meant, whatever its slug. */
  readonly isByName: boolean;
  readonly name: string | undefined;
  /** Absent: off for a new partner, and as it is for one that is there. */
  readonly mfa: { readonly policy: 'off' | 'optional' | 'required'; readonly requiredFrom?: number } | undefined;
};

export type ImportPerson = { readonly email: string; readonly name: string; readonly role: 'member' | 'manager' };

/** A row adds a partner, a person, or both. */
export type ImportRow = { readonly partner: ImportPartner; readonly person: ImportPerson | undefined };

type Fault = { readonly fault: RowFault };

/** What a row says, as far as the row alone can say. */
export function readImportRow(
  cells: readonly string[],
  columns: Columns<ImportColumn>,
  now: number,
): ImportRow | Fault {
  // A spreadsheet breaks lines inside a cell, and names have one line.
  const cell = (name: ImportColumn) => (cells[columns[name] ?? -1] ?? '').replace(/[\r\n]+/g, ' ');
  const partner = readPartner(cell, now);
  if ('fault' in partner) return partner;
  const person = readPerson(cell);
  return person !== undefined && 'fault' in person ? person : { partner, person };
}

type Cell = (name: ImportColumn) => string;

function readPartner(cell: Cell, now: number): ImportPartner | Fault {
  const typedName = cell('partner_name');
  const name = typedName === '' ? undefined : cleanName(typedName);
  if (typedName !== '' && name === undefined) return { fault: 'partner_name' };
  const typedSlug = cell('partner').toLowerCase();
  if (typedSlug === '' && name === undefined) return { fault: 'partner_missing' };
  if (typedSlug !== '' && !isSlug(typedSlug)) return { fault: 'slug' };
  const isByName = typedSlug === '';
  const slug = isByName ? slugOf(name ?? '') : typedSlug;
  if (cell('policy') === '') {
    return cell('from') === '' ? { slug, isByName, name, mfa: undefined } : { fault: 'from_alone' };
  }
  const mfa = readPolicyCells(cell('policy'), cell('from'), now);
  return 'fault' in mfa ? mfa : { slug, isByName, name, mfa };
}

function readPerson(cell: Cell): ImportPerson | undefined | Fault {
  const typed = cell('email');
  if (typed === '') return cell('name') === '' && cell('role') === '' ? undefined : { fault: 'email_missing' };
  const email = canonicalEmail(typed);
  if (email === undefined) return { fault: 'email' };
  const name = cleanName(cell('name') || email.slice(0, email.lastIndexOf('@')));
  if (name === undefined) return { fault: 'name' };
  const typedRole = cell('role').toLowerCase() || 'member';
  const role = (['member', 'manager'] as const).find((one) => one === typedRole);
  return role === undefined ? { fault: 'role' } : { email, name, role };
}

/** When the people of an import get their invitations. */
export type InviteMode = 'now' | 'never' | { readonly at: number };

/** The choices that hold for all rows of an import, as its job stores them. */
export type ImportSettings = {
  readonly header: readonly string[];
  readonly columns: Columns<ImportColumn>;
  readonly invite: InviteMode;
  /** What the dry run found to add. */
  readonly adds?: { readonly partners: number; readonly people: number };
  /** The job that invites later. */
  readonly inviteJobId?: string;
};
