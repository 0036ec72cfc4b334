import { PATHS } from '#core/paths.ts';
import { layout } from '#ui/layout.ts';
import { actions, linkButton } from '#ui/parts/actions.ts';
import { type Html, html } from '#ui/parts/html.ts';
import { dataList, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';

export type Home = {
  readonly name: string;
  readonly email: string;
  /** Absent for staff. */
  readonly partnerName: string | undefined;
  readonly signedInAt: number;
  /** Methods of RFC 8176. */
  readonly amr: readonly string[];
  /** Whether a trusted device stood in for the second factor. */
  readonly onTrustedDevice: boolean;
};

/** Who is signed in, since when, and by which methods. */
export function homePage(view: View, { name, email, partnerName, signedInAt, ...how }: Home): Html {
  const { t, locale, config, brand } = view;
  const product = brand.name;
  const partner = partnerName === undefined ? [] : [{ label: t('home.partner'), value: partnerName }];
  const { portalUrl } = config;
  const isElsewhere = portalUrl !== undefined && portalUrl !== '/';
  return layout(view, {
    title: t('home.title'),
    width: 'form',
    doors: how.amr.includes('mfa') ? { first: 'open', second: 'open', label: t('steps.open') } : undefined,
    body: html`${dataList([
      { label: t('home.name'), value: name },
      { label: t('field.email'), value: email },
      ...partner,
      { label: t('home.since'), value: timeElement(signedInAt, locale) },
      { label: t('home.how'), value: t(howKey(how)) },
    ])}
${actions(
  view.staff && linkButton(PATHS.console, t('layout.console'), 'primary'),
  isElsewhere && linkButton(portalUrl, t('home.portal', { product }), view.staff ? undefined : 'primary'),
  view.isManager && linkButton(PATHS.team, t('team.title')),
  linkButton(PATHS.security, t('home.security')),
)}`,
  });
}

function howKey({ amr, onTrustedDevice }: Pick<Home, 'amr' | 'onTrustedDevice'>) {
  if (amr.includes('hwk') || amr.includes('swk'))
    return amr.includes('pwd') ? 'home.how.passwordAndPasskey' : 'home.how.passkey';
  if (!amr.includes('mfa')) return onTrustedDevice ? 'home.how.trustedDevice' : 'home.how.password';
  return amr.includes('otp') ? 'home.how.oneTimeCode' : 'home.how.recoveryCode';
}
