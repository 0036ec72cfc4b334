import { AUDIT_ACTIONS, type AuditAction } from '#core/audit/actions.ts';
import { canonicalEmail } from '#core/people/email.ts';
import { parseDay } from '#core/time/day.ts';
import { DAY_SECONDS } from '#core/time/spans.ts';
import { typedDay } from '#core/time/typed-day.ts';
import type { Refusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { pathWith } from '#features/console/filters.ts';
import { namedEvents, type TrailEvent } from '#features/console/lists.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { clientOf, EXPORT_HEAD, exportLine } from '#flows/runtime/audit-export.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { LoggedEvent } from '#store/audit/log.ts';
import { type EventFilter, listFoundEvents } from '#store/audit/search.ts';
import { findPartner, findPartnerByName, findPartnerBySlug } from '#store/partners/partners.ts';
import { findPerson, findPersonByEmail } from '#store/people/users.ts';
import { type Chain, readChain } from './chain.ts';

/** The filter fields as typed. An unknown action counts as no filter. */
export type AuditQuery = {
  readonly person: string | undefined;
  readonly partner: string | undefined;
  readonly action: AuditAction | undefined;
  readonly from: string | undefined;
  readonly until: string | undefined;
  readonly before: string | undefined;
};

const EVENTS_PER_PAGE = 50;
const EVENTS_PER_READ = 500;
const LONGEST_SEARCH = 320;
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const ACTIONS = Object.keys(AUDIT_ACTIONS).filter(isAction);

/** The nouns of the actions of the audit log, under the headings of the filter. A test finds a noun without a heading. */
export const GROUPS = [
  ['signIn', ['sign_in', 'step_up', 'session', 'sessions', 'device', 'trusted_device']],
  ['factors', ['enrollment', 'totp', 'passkey', 'authenticator', 'recovery_code', 'recovery_codes', 'access_code']],
  ['accounts', ['password', 'email', 'invitation', 'link', 'mail', 'administrator']],
  ['people', ['user', 'reset', 'staff']],
  ['partners', ['partner', 'partners', 'bulk']],
  ['programs', ['api_key', 'webhook', 'client', 'grant', 'consent', 'site', 'oidc', 'token', 'signing_key']],
  ['service', ['keys', 'audit', 'backup', 'database', 'server', 'restore', 'import', 'setting']],
] as const;

/** Whether this version knows the action. */
export function isAction(text: string): text is AuditAction {
  return Object.hasOwn(AUDIT_ACTIONS, text);
}

export function readAuditQuery(query: URLSearchParams): AuditQuery {
  const text = (name: string) => query.get(name)?.trim().slice(0, LONGEST_SEARCH) || undefined;
  const day = (name: string) => typedDay(text(name) ?? '');
  const [action, before] = [text('action'), text('before')];
  return {
    person: text('person'),
    partner: text('partner'),
    action: action !== undefined && isAction(action) ? action : undefined,
    from: day('from'),
    until: day('until'),
    before: before !== undefined && ID.test(before) ? before : undefined,
  };
}

/** The path with this query. Without `before` it leads to the first page. */
export function auditPath(path: string, query: Omit<AuditQuery, 'before'>, before?: string): string {
  const { person, partner, action, from, until } = query;
  return pathWith(path, { person, partner, action, from, until, before });
}

/** What the typed words resolve to: ids, or the field that matches nobody. */
export type AuditScope = {
  readonly person: { readonly id: string; readonly label: string } | undefined;
  readonly partner: { readonly id: string; readonly label: string } | undefined;
  readonly unknown: 'person' | 'partner' | undefined;
  readonly filter: Omit<EventFilter, 'actor' | 'subject'>;
};

/** @param isAdmin other staff see only the events of partners */
export async function readScope(env: Env, query: AuditQuery, isAdmin: boolean): Promise<AuditScope> {
  const person = query.person === undefined ? undefined : await personOf(env, query.person);
  const partner = query.partner === undefined ? undefined : await partnerOf(env, query.partner);
  const until = query.until === undefined ? undefined : parseDay(query.until);
  return {
    person,
    partner,
    unknown: query.person && !person ? 'person' : query.partner && !partner ? 'partner' : undefined,
    filter: {
      partner: partner?.id,
      action: query.action,
      ofPartners: !isAdmin,
      from: query.from === undefined ? undefined : parseDay(query.from),
      until: until === undefined ? undefined : until + DAY_SECONDS,
    },
  };
}

async function personOf({ db }: Env, typed: string) {
  // These two are not people: the command line and the service itself.
  if (typed === 'command_line' || typed === 'system') return { id: typed, label: typed };
  const email = ID.test(typed) ? undefined : canonicalEmail(typed);
  const found = email === undefined ? await findPerson(db.read, typed) : await findPersonByEmail(db.read, email);
  // Events outlive the person, so an id can belong to a deleted person.
  return found
    ? { id: found.user.id, label: found.user.email }
    : ID.test(typed)
      ? { id: typed, label: typed }
      : undefined;
}

async function partnerOf({ db }: Env, typed: string) {
  const found = ID.test(typed)
    ? await findPartner(db.read, typed)
    : ((await findPartnerBySlug(db.read, typed)) ?? (await findPartnerByName(db.read, typed)));
  return found && { id: found.id, label: found.name };
}

export type AuditEventRow = TrailEvent & {
  readonly id: string;
  readonly partner: string | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  readonly isErased: boolean;
};

export type AuditList = {
  readonly query: AuditQuery;
  readonly scope: AuditScope;
  readonly rows: readonly AuditEventRow[];
  readonly next: string | undefined;
  readonly chain: Chain;
};

export async function readAuditList(env: Env, query: AuditQuery, isAdmin: boolean): Promise<AuditList> {
  const scope = await readScope(env, query, isAdmin);
  const found = scope.unknown ? [] : await findEvents(env, scope, query.before, EVENTS_PER_PAGE + 1);
  const events = found.slice(0, EVENTS_PER_PAGE);
  const named = await namedEvents(env, events);
  const rows = events.map((event, index) => ({ ...named[index], ...originOf(event) }) as AuditEventRow);
  return {
    query,
    scope,
    rows,
    chain: await readChain(env),
    next: found.length > EVENTS_PER_PAGE ? events.at(-1)?.id : undefined,
  };
}

/** Events by the person or about them. Each of the two has its index; an event that is both appears once. */
async function findEvents(
  { db }: Pick<Env, 'db'>,
  { person, filter }: AuditScope,
  before: string | undefined,
  limit: number,
): Promise<readonly LoggedEvent[]> {
  const page = { before, limit };
  if (!person) return listFoundEvents(db.read, filter, page);
  const about = await listFoundEvents(db.read, { ...filter, subject: person.id }, page);
  const by = await listFoundEvents(db.read, { ...filter, actor: person.id }, page);
  const once = new Map([...about, ...by].map((event) => [event.id, event]));
  return [...once.values()].sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, limit);
}

function originOf(event: LoggedEvent) {
  const { ip, userAgent } = clientOf(event);
  return {
    id: event.id,
    ip: typeof ip === 'string' ? ip : undefined,
    userAgent: typeof userAgent === 'string' ? userAgent : undefined,
    isErased: event.client === undefined && event.clientDigest !== '',
  };
}

type Export = { readonly format: 'jsonl' | 'csv'; readonly actor: Actor; readonly query: AuditQuery };

/** Logs who exports which part of the log. */
export async function recordExport(
  env: Env,
  scope: AuditScope,
  how: Export,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const { from, until, partner } = scope.filter;
  const detail = { format: how.format, since: from, until, person: scope.person?.id, partner, about: how.query.action };
  const event = { action: 'audit.exported', actor: actorId(how.actor), detail } as const;
  return actingTransaction<true>(env, how.actor, around, async (tx) => {
    await appendEvent(env, tx, event, actorClient(how.actor));
    return true;
  });
}

/** Every event that matches the filter, newest first, in chunks. */
export async function* exportFound(env: Env, scope: AuditScope, format: Export['format']): AsyncGenerator<string> {
  const end = format === 'csv' ? '\r\n' : '\n';
  if (format === 'csv') yield `${EXPORT_HEAD}${end}`;
  for (let before: string | undefined, isFirst = true; isFirst || before !== undefined; isFirst = false) {
    const events: readonly LoggedEvent[] = await findEvents(env, scope, before, EVENTS_PER_READ);
    yield events.map((event) => exportLine(format, event) + end).join('');
    before = events.length === EVENTS_PER_READ ? events.at(-1)?.id : undefined;
  }
}
