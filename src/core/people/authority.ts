import { ACT_STEP_UP_AGE_SECONDS, isSteppedUp, STEP_UP_AGE_SECONDS } from '#core/sessions/session.ts';
import { type ReasonOf, type RefusalOf, refuse } from '#core/values/result.ts';
import { isStaff, type Role } from './policy.ts';

/** The guards that need a live session: some also a role and, with `…SteppedUp`, a recent proof of a factor. */
export type SessionGuard =
  | 'session'
  | 'steppedUp'
  | 'manager'
  | 'managerSteppedUp'
  | 'staff'
  | 'staffSteppedUp'
  | 'staffAdmin'
  | 'staffAdminSteppedUp';

/** The parts of a live session that a guard checks. */
type GuardedSession = {
  readonly user: { readonly role: Role };
  readonly partner: object | undefined;
  readonly secondFactorAt: number | undefined;
  readonly stepUpAt: number | undefined;
};

type Needs = { readonly mayEnter?: (session: GuardedSession) => boolean; readonly provenWithinSeconds?: number };

const NEEDS: Readonly<Record<SessionGuard, Needs>> = {
  session: {},
  steppedUp: { provenWithinSeconds: STEP_UP_AGE_SECONDS },
  manager: { mayEnter: isManager },
  managerSteppedUp: { mayEnter: isManager, provenWithinSeconds: ACT_STEP_UP_AGE_SECONDS },
  staff: { mayEnter: isStaffMember },
  staffSteppedUp: { mayEnter: isStaffMember, provenWithinSeconds: ACT_STEP_UP_AGE_SECONDS },
  staffAdmin: { mayEnter: isAdministrator },
  staffAdminSteppedUp: { mayEnter: isAdministrator, provenWithinSeconds: ACT_STEP_UP_AGE_SECONDS },
};

/** Whether a live session passes a guard. The role is checked first: without the right role, no proof is requested. */
export function checkAuthority(
  guard: SessionGuard,
  session: GuardedSession,
  now: number,
): 'forbidden' | 'step_up_required' | undefined {
  const { mayEnter, provenWithinSeconds } = NEEDS[guard];
  if (mayEnter && !mayEnter(session)) return 'forbidden';
  if (provenWithinSeconds === undefined) return undefined;
  return isSteppedUp(session, now, provenWithinSeconds) ? undefined : 'step_up_required';
}

function isManager({ user, partner }: GuardedSession): boolean {
  return user.role === 'manager' && partner !== undefined;
}

/** Staff always have MFA. A staff session without a second factor would be a bug, so it gets no rights. */
function isStaffMember({ user, secondFactorAt }: GuardedSession): boolean {
  return isStaff(user.role) && secondFactorAt !== undefined;
}

function isAdministrator(session: GuardedSession): boolean {
  return isStaffMember(session) && session.user.role === 'admin';
}

/** The actors on the server itself, as the audit log names them: no guard let them in, and no person is behind them. */
export const OPERATORS: readonly string[] = ['command_line', 'system'];

/** The codes with which a guard refuses. */
type Lost = 'sign_in_expired' | 'forbidden' | 'step_up_required' | 'api_key_invalid';

/**
 * The guard of the route let the request in, but would refuse it now: session ended, role changed or key revoked.
 *
 * It is thrown, not returned, because it must roll back the transaction and no handler may treat it as a refusal of its
 * own act. The transport answers as the guard would have.
 */
export class AuthorityLost extends Error {
  readonly refusal: RefusalOf<Lost>;

  constructor(refused: Lost, reason?: ReasonOf<'forbidden'>) {
    super(`the request is no longer allowed: ${refused}`);
    this.refusal = refused === 'forbidden' && reason !== undefined ? refuse(refused, { reason }) : refuse(refused);
  }
}
