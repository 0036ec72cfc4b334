import { DAY_SECONDS } from '#core/time/spans.ts';
import { type Refusal, refuse } from '#core/values/result.ts';
import { isStaff, type Role } from './policy.ts';

/** Who acts. The command line and the jobs are the `operator`: they have the database, and no person is behind it. */
export type Acting =
  | { readonly kind: 'operator' }
  | { readonly kind: 'person'; readonly id: string; readonly role: Role; readonly partnerId: string | undefined }
  /** `madeBy`: the person who made the key; it acts for them. */
  | { readonly kind: 'api_key'; readonly madeBy: string };

/** The person whom an act changes or adds. */
export type Subject = { readonly id: string; readonly role: Role; readonly partnerId: string | undefined };

/** A column of the table. Members have none, because they act on nobody. */
const ACTORS = ['operator', 'admin', 'csm', 'manager', 'api_key'] as const;
type ActorName = (typeof ACTORS)[number];

/** The relation of a subject to the actor: of the actor's own partner, of any partner, or of the staff. */
type Kind = 'team' | 'user' | 'staff';

/** `own`: an administrator may act on themselves. Nobody else acts on their own account here. */
type Allowed = Kind | 'own';

const EVERYBODY = ['user', 'staff'] as const;

/**
 * Who may do what to whom. `flows/administration/act.ts` calls `checkAct` in the transaction of every act.
 *
 * The guard of a route also checks: who sees the page, which scope a key needs, how recent a proof must be.
 * `test/reviewed-permissions.txt` shows this table to a reviewer.
 */
export const PERMISSIONS = {
  add: row({ operator: EVERYBODY, admin: EVERYBODY, csm: ['user'], manager: ['team'], api_key: ['user'] }),
  invite_again: row({ operator: EVERYBODY, admin: EVERYBODY, csm: ['user'], manager: ['team'], api_key: ['user'] }),
  // The link is a credential, so it goes by mail, and only the operator may see one.
  mail_password_link: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'], api_key: ['user'] }),
  show_password_link: row({ operator: EVERYBODY }),
  send_mail_again: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'] }),
  // The email of a person with a password changes only when that person confirms it (`edit-person.ts`).
  edit: row({ admin: ['user'], csm: ['user'] }),
  end_device: row({ admin: ['user'], csm: ['user'] }),
  remind: row({ manager: ['team'] }),
  change_role: row({ operator: EVERYBODY, admin: ['staff', 'own'], manager: ['team'] }),
  disable: row({
    operator: EVERYBODY,
    admin: ['user', 'staff', 'own'],
    csm: ['user'],
    manager: ['team'],
    api_key: ['user'],
  }),
  enable: row({ operator: EVERYBODY, admin: ['user', 'staff', 'own'], csm: ['user'], api_key: ['user'] }),
  delete: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'], manager: ['team'], api_key: ['user'] }),
  unlock: row({ operator: EVERYBODY, admin: ['user'], csm: ['user'], api_key: ['user'] }),
  exempt: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  end_exemption: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  // For people of a partner; if the settings say so, a second member of staff has to agree (`isSecondPerson`).
  reset_mfa: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  approve_reset: row({ operator: ['user'], admin: ['user'], csm: ['user'] }),
  decline_reset: row({ operator: ['user'], admin: ['user'], csm: ['user'] }),
  renew_access_code: row({ operator: ['user'], admin: ['user'], csm: ['user'], api_key: ['user'] }),
  // Nobody resets their own MFA, because this would bypass the second factor.
  reset_staff_mfa: row({ operator: ['staff'], admin: ['staff'] }),
  renew_staff_access_code: row({ operator: ['staff'], admin: ['staff'] }),
  // Needs no check of identity.
  take_authenticators: row({ operator: EVERYBODY }),
} as const;

/** An act on one person. */
export type PersonAct = keyof typeof PERMISSIONS;

type Row = Readonly<Record<ActorName, readonly Allowed[]>>;

function row(allowed: Partial<Row>): Row {
  return { operator: [], admin: [], csm: [], manager: [], api_key: [], ...allowed };
}

/**
 * Why the actor may not do this to the subject. `not_found` if the act is not for this person, so that the actor learns
 * nothing about them. `own` if others could do the act to the actor.
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

/** Whether a person belongs to a partner or to the staff; it decides about acts, and which pages show them. */
export function groupOf({ role, partnerId }: Omit<Subject, 'id'>): 'user' | 'staff' {
  return isStaff(role) || partnerId === undefined ? 'staff' : 'user';
}

/** The person behind a request or a decision. A key acts as the person who made it. */
export type Decider = {
  readonly id: string;
  /** The person who made this account; absent if it is unknown, or was the operator. */
  readonly createdBy: string | undefined;
  readonly createdAt: number;
};

/** For this long an account counts as its maker's, so that nobody can create an accomplice who agrees. */
const OWN_ACCOUNT_SECONDS = 30 * DAY_SECONDS;

/** Whether `other` may agree to a request of `asker`: two people, and neither recently made the other's account. */
export function isSecondPerson(asker: Decider, other: Decider, now: number): boolean {
  return asker.id !== other.id && !hasMade(asker, other, now) && !hasMade(other, asker, now);
}

function hasMade(maker: Decider, made: Decider, now: number): boolean {
  return made.createdBy === maker.id && now < made.createdAt + OWN_ACCOUNT_SECONDS;
}
