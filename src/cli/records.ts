import type { NewLink } from '#flows/make-link.ts';
import type { ListedUser } from '#store/user-lists.ts';
import type { Partner, Person, User } from '#store/users.ts';

/** RFC 3339 UTC. */
export function instant(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}

export function partnerRecord({ id, slug, name, policy, requiredFrom }: Partner) {
  return { id, slug, name, mfa: { policy, requiredFrom: requiredFrom === undefined ? null : instant(requiredFrom) } };
}

export function userRecord({ user, partner, enrolledAt }: ListedUser) {
  const { id, email, name, role } = user;
  return {
    ...{ id, email, name, role },
    partner: partner ? { id: partner.id, slug: partner.slug, name: partner.name } : null,
    state: stateOf(user),
    mfa: { enrolled: enrolledAt !== undefined, since: enrolledAt === undefined ? null : instant(enrolledAt) },
  };
}

/** Somebody just added: nobody is enrolled yet. */
export function addedRecord({ person, invitation }: { person: Person; invitation: NewLink | undefined }) {
  const record = userRecord({ ...person, enrolledAt: undefined });
  return invitation ? { ...record, invitationUrl: invitation.url } : record;
}

function stateOf({ disabledAt, sealedPassword }: User): 'invited' | 'active' | 'disabled' {
  if (disabledAt !== undefined) return 'disabled';
  return sealedPassword === undefined ? 'invited' : 'active';
}
