import { isExempt, isStaff, type Role } from '#core/people/policy.ts';
import type { Partner, User } from '#store/people/users.ts';
import type { Content } from '#ui/parts/html.ts';
import { beginElement, endElement, filledIn } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

/** What the policy asks of a person, and until when it does not. */
export type Demand =
  | { readonly kind: 'staff' | 'off' }
  | { readonly kind: 'exempt'; readonly until: number }
  | { readonly kind: 'from'; readonly partner: string; readonly at: number }
  | { readonly kind: 'required' | 'optional'; readonly partner: string };

type Asked = {
  readonly user: Pick<User, 'exemptUntil'> & { readonly role: Role };
  readonly partner: Pick<Partner, 'name' | 'policy' | 'requiredFrom'> | undefined;
};

/** The same rules as `mfaDemand`, with what a person wants to know about them. */
export function demandOn({ user, partner }: Asked, now: number): Demand {
  if (partner === undefined || isStaff(user.role)) return { kind: 'staff' };
  const { name, policy, requiredFrom } = partner;
  if (policy === 'off') return { kind: 'off' };
  if (policy === 'optional') return { kind: 'optional', partner: name };
  const { exemptUntil } = user;
  if (exemptUntil !== undefined && isExempt(exemptUntil, now)) return { kind: 'exempt', until: exemptUntil };
  const isAhead = requiredFrom !== undefined && now < requiredFrom;
  return isAhead ? { kind: 'from', partner: name, at: requiredFrom } : { kind: 'required', partner: name };
}

/** The first row of the security page. Absent where the policy asks for nothing. */
export function demandFacts(
  view: View,
  { demand, factors }: { readonly demand: Demand; readonly factors?: object | undefined },
) {
  const value = demandText(view, demand, factors !== undefined);
  return value === undefined ? [] : [{ label: view.t('security.mfa'), value }];
}

function demandText(view: View, demand: Demand, hasFactor: boolean): Content {
  const { t, locale } = view;
  switch (demand.kind) {
    case 'off':
      return undefined;
    case 'staff':
      return t('security.mfa.staff');
    case 'required':
    case 'optional':
      return t(`security.mfa.${demand.kind}`, { partner: demand.partner });
    case 'exempt':
      return filledIn(endElement(demand.until, locale), (date) => t('security.mfa.exempt', { date }));
    case 'from':
      return filledIn(beginElement(demand.at, locale), (date) =>
        t(hasFactor ? 'security.mfa.ready' : 'security.mfa.from', { date, partner: demand.partner }),
      );
  }
}
