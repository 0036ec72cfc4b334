import { instant } from '#core/day.ts';
import type { NewLink } from '#flows/make-link.ts';
import type { ApiKey } from '#store/api-keys.ts';
import type { WebhookDeliveryTable } from '#store/management-tables.ts';
import type { ListedUser } from '#store/user-lists.ts';
import type { Partner, Person, User } from '#store/users.ts';
import type { Webhook } from '#store/webhooks.ts';

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

export function apiKeyRecord({ id, name, scopes, createdBy, createdAt, expiresAt, revokedAt, lastUsedAt }: ApiKey) {
  return {
    ...{ id, name, scopes, createdBy, createdAt: instant(createdAt), expiresAt: instant(expiresAt) },
    ...{ revokedAt: instantOrNull(revokedAt), lastUsedAt: instantOrNull(lastUsedAt) },
  };
}

export function webhookRecord({ id, url, events, disabledAt, disabledBecause, failingSince }: Webhook) {
  const isFailing = failingSince !== undefined;
  const state = disabledAt === undefined ? (isFailing ? 'failing' : 'active') : 'disabled';
  const since = instantOrNull(disabledAt ?? failingSince);
  return { id, url, events, state, since, disabledBecause: disabledBecause ?? null } as const;
}

export function deliveryRecord(row: WebhookDeliveryTable) {
  const { id, type, tries } = row;
  const [taken, dead] = [row.delivered_at ?? undefined, row.dead_at ?? undefined];
  const state = taken !== undefined ? 'delivered' : dead !== undefined ? 'dead' : tries > 0 ? 'retrying' : 'waiting';
  const nextTryAt = taken === undefined && dead === undefined ? instant(row.next_try_at) : null;
  return { id, type, at: instant(row.created_at), state, tries, nextTryAt, fault: row.last_fault } as const;
}

function instantOrNull(at: number | undefined): string | null {
  return at === undefined ? null : instant(at);
}
