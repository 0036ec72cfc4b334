import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { isStaff, type Role } from './policy.ts';

/** Who acts. The command line and the timers are the `operator`: they hold the database, and no person is behind them. */
export type Acting =
  | { readonly kind: 'operator' }
  | { readonly kind: 'person'; readonly id: string; readonly role: Role; readonly partnerId: string | undefined }
  /** `madeBy`: the person who made the key, and for whom it acts. */
  | { readonly kind: 'api_key'; readonly madeBy: string };

/** The person that an act is on, or that it adds. */
export type Subject = { readonly id: string; readonly role: Role; readonly partnerId: string | undefined };

/** A column of the table. A member is in none: members act on nobody. */
const ACTORS = ['operator', 'admin', 'csm', 'manager', 'api_key'] as const;
type ActorName = (typeof ACTORS)[number];

/** What a subject can be to the actor: somebody of the actor's own partner, of any partner, or of the staff. */
type Kind = 'team' | 'user' | 'staff';

/** `admins own`: an administrator on themselves. Nobody else acts on their own account here. */
type Allowed = Kind | 'own';

const EVERYBODY = ['user', 'staff'] as const;

/**
 * Who may do what to whom. `flows/administration/act.ts` asks `checkAct` in the transaction that acts, for every channel.
 *
 * The guard of a route is asked as well: who sees the page, which scope a key needs, how recent a proof has to be.
 * `test/reviewed-permissions.txt` is this table as a reviewer reads it.
 */
export const PERMISSIONS = {
  add: row({ operator: EVERYBODY, admin: EVERYBODY, csm: ['user'], manager: ['team'], api_key: ['user'] }),
  invite_again: row({ operator: EVERYBODY, admin: EVERYBODY, csm: ['user'], manager: ['team'], api_key: ['user'] }),
  // The link is a credential: it goes by mail, and only the operator sees one.
  mail_password_link: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'], api_key: ['user'] }),
  show_password_link: row({ operator: EVERYBODY }),
  send_mail_again: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'] }),
  remind: row({ manager: ['team'] }),
  change_role: row({ operator: EVERYBODY, admin: ['staff', 'own'], manager: ['team'] }),
  disable: row({
    operator: EVERYBODY,
    ...{ admin: ['user', 'staff', 'own'], csm: ['user'], manager: ['team'], api_key: ['user'] },
  }),
  enable: row({ operator: EVERYBODY, admin: ['user', 'staff', 'own'], csm: ['user'], api_key: ['user'] }),
  delete: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'], manager: ['team'], api_key: ['user'] }),
  unlock: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'], api_key: ['user'] }),
  exempt: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  end_exemption: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  // Of a person of a partner; a second member of staff has to agree where the settings say so (`isSecondPerson`).
  reset_mfa: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  approve_reset: row({ operator: ['user'], admin: ['user'], csm: ['user'] }),
  decline_reset: row({ operator: ['user'], admin: ['user'], csm: ['user'] }),
  renew_access_code: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  // Nobody resets their own: it would be a way round the second factor.
  reset_staff_mfa: row({ operator: ['staff'], admin: ['staff'] }),
  renew_staff_access_code: row({ operator: ['staff'], admin: ['staff'] }),
  // Without a check of identity.
  take_authenticators: row({ operator: EVERYBODY }),
} as const;

/** An act on one person. */
export type PersonAct = keyof typeof PERMISSIONS;

type Row = Readonly<Record<ActorName, readonly Allowed[]>>;

function row(allowed: Partial<Row>): Row {
  return { operator: [], admin: [], csm: [], manager: [], api_key: [], ...allowed };
}

/**
 * Why the actor may not do this to the subject. `not_found` for a person whom the act is not for: the actor learns nothing of
 * them. `own` for an act that others could do to the actor.
 */
export function checkAct(acting: Acting, act: PersonAct, subject: Subject): Refusal | undefined {
  const allowed = allowedTo(acting, act);
  const kinds = kindsOf(subject, acting);
  if (!isOwn(acting, subject)) {
    return kinds.some((kind) => allowed.includes(kind)) ? undefined : refuse('not_found', { reason: 'user' });
  }
  if (allowed.includes('own')) return undefined;
  const isForOthers = ACTORS.some((actor) => kinds.some((kind) => PERMISSIONS[act][actor].includes(kind)));
  return isForOthers ? refuse('forbidden', { reason: 'own' }) : refuse('not_found', { reason: 'user' });
}

function allowedTo(acting: Acting, act: PersonAct): readonly Allowed[] {
  if (acting.kind !== 'person') return PERMISSIONS[act][acting.kind];
  return acting.role === 'member' ? [] : PERMISSIONS[act][acting.role];
}

function isOwn(acting: Acting, { id }: Subject): boolean {
  if (acting.kind === 'operator') return false;
  return id === (acting.kind === 'person' ? acting.id : acting.madeBy);
}

function kindsOf(subject: Subject, acting: Acting): readonly Kind[] {
  const group = groupOf(subject);
  const isTeam = acting.kind === 'person' && acting.partnerId === subject.partnerId;
  return group === 'user' && isTeam ? ['team', 'user'] : [group];
}

/** Whether somebody belongs to a partner or to the staff: what acts allow and which pages show the person follow from this. */
export function groupOf({ role, partnerId }: Omit<Subject, 'id'>): 'user' | 'staff' {
  return isStaff(role) || partnerId === undefined ? 'staff' : 'user';
}

/** The person behind a request or a decision: a key acts as the person who made it. */
export type Decider = {
  readonly id: string;
  /** The person who made this account; absent where nobody knows, or the operator did. */
  readonly createdBy: string | undefined;
  readonly createdAt: number;
};

/** An account counts as its maker's for this long, so that nobody makes an accomplice and lets it agree. */
const OWN_ACCOUNT_SECONDS = 30 * DAY_SECONDS;

/** Whether `other` may agree to what `asker` wants: another person, and neither has lately made the other's account. */
export function isSecondPerson(asker: Decider, other: Decider, now: number): boolean {
  return asker.id !== other.id && !hasMade(asker, other, now) && !hasMade(other, asker, now);
}

function hasMade(maker: Decider, made: Decider, now: number): boolean {
  return made.createdBy === maker.id && now < made.createdAt + OWN_ACCOUNT_SECONDS;
}
