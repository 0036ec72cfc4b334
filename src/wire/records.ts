import { personState } from '#core/people/state.ts';
import type { SiteRules } from '#core/portals/forward-auth.ts';
import { instant, instantOrNull } from '#core/time/day.ts';
import type { MailedLink } from '#flows/administration/make-link.ts';
import type { OidcClient } from '#store/oidc/clients.ts';
import type { ListedUser } from '#store/people/people-pages.ts';
import type { Partner, Person } from '#store/people/users.ts';
import type { ApiKey } from '#store/programs/api-keys.ts';
import type { WebhookDeliveryTable } from '#store/queue/tables.ts';
import type { Webhook } from '#store/queue/webhooks.ts';

export function partnerRecord(partner: Partner) {
  const { id, slug, name, policy, requiredFrom, trustedDevices } = partner;
  const { passkeyPolicy = 'allowed', passkeyRequiredFrom } = partner;
  const passkeys = { policy: passkeyPolicy, requiredFrom: instantOrNull(passkeyRequiredFrom) };
  return { id, slug, name, mfa: { policy, requiredFrom: instantOrNull(requiredFrom) }, passkeys, trustedDevices };
}

/** What the people of a partner see; null is what everybody else sees. Logos by their addresses, which anybody may read. */
export function lookRecord(origin: string, { look = {} }: Pick<Partner, 'look'>) {
  const { name, hue, help, helpHref, logo } = look;
  const address = (id: string | undefined) => (id === undefined ? null : `${origin}/logo/${id}`);
  return {
    name: name ?? null,
    hue: hue ?? null,
    help: help === undefined ? null : { text: help, href: helpHref ?? null },
    logo: { light: address(logo?.light), dark: address(logo?.dark) },
  };
}

export function userRecord({ user, partner, enrolledAt }: ListedUser) {
  const { id, email, name, role } = user;
  return {
    id,
    email,
    name,
    role,
    partner: partner ? { id: partner.id, slug: partner.slug, name: partner.name } : null,
    state: personState({ user, partner }),
    mfa: { enrolled: enrolledAt !== undefined, since: instantOrNull(enrolledAt) },
  };
}

/** A person who was just added, so not enrolled yet. */
export function addedRecord({ person, invitation }: { person: Person; invitation: MailedLink | undefined }) {
  const record = userRecord({ ...person, enrolledAt: undefined });
  return invitation?.url === undefined ? record : { ...record, invitationUrl: invitation.url };
}

export function apiKeyRecord(key: ApiKey) {
  const { id, name, scopes, createdBy, createdAt, expiresAt, revokedAt, revokedBecause, lastUsedAt } = key;
  return {
    id,
    name,
    scopes,
    createdBy,
    createdAt: instant(createdAt),
    expiresAt: instant(expiresAt),
    revokedAt: instantOrNull(revokedAt),
    revokedBecause: revokedBecause ?? null,
    lastUsedAt: instantOrNull(lastUsedAt),
  };
}

export function webhookRecord({ id, url, events, disabledAt, disabledBecause, failingSince }: Webhook) {
  const isFailing = failingSince !== undefined;
  const state = disabledAt === undefined ? (isFailing ? 'failing' : 'active') : 'disabled';
  const since = instantOrNull(disabledAt ?? failingSince);
  return { id, url, events, state, since, disabledBecause: disabledBecause ?? null } as const;
}

/** @param secret only in the answer that creates it */
export function clientRecord(client: OidcClient, secret?: string) {
  const { id, name, type, redirectUris, postLogoutRedirectUris, backchannelLogoutUri, isThirdParty } = client;
  return {
    id,
    name,
    type,
    redirectUris,
    postLogoutRedirectUris,
    backchannelLogoutUri: backchannelLogoutUri ?? null,
    thirdParty: isThirdParty,
    partners: client.partners.map(({ slug }) => slug),
    state: client.disabledAt === undefined ? ('active' as const) : ('disabled' as const),
    ...(secret !== undefined && { secret }),
  };
}

/** @param isDisabled whether its webhook is disabled; then nothing is tried */
export function deliveryRecord(row: WebhookDeliveryTable, isDisabled: boolean) {
  const { id, type, tries } = row;
  const [taken, dead] = [row.delivered_at ?? undefined, row.dead_at ?? undefined];
  const state =
    taken !== undefined ? 'delivered' : dead !== undefined ? 'dead' : tries > 0 && !isDisabled ? 'retrying' : 'waiting';
  const isTried = taken === undefined && dead === undefined && !isDisabled;
  const nextTryAt = isTried ? instant(row.next_try_at) : null;
  return { id, type, at: instant(row.created_at), state, tries, nextTryAt, fault: row.last_fault } as const;
}

/** @param partners the slugs of the partners whose people may enter */
export function siteRecord({ host, acr }: SiteRules, partners: readonly string[]) {
  return { host, acr: acr ?? null, partners };
}
