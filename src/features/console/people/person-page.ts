import { trailGrid } from '#features/console/audit/trail-page.ts';
import type { ShownMail } from '#features/console/find.ts';
import { consolePage, type Done } from '#features/console/frame-page.ts';
import type { ListedPerson, ShownPartner, TrailEvent } from '#features/console/lists.ts';
import { actions, linkButton } from '#ui/parts/actions.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { mfaOf, stateOf } from '#ui/parts/people.ts';
import { dataList, span, timeElement } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import type { Devices } from './devices.ts';
import { devicesSection } from './devices-page.ts';
import type { Lockout } from './lockouts.ts';

type ShownCode = { readonly isOpen: boolean; readonly expiresAt: number };

export type PersonView = {
  readonly row: ListedPerson;
  readonly partner: ShownPartner;
  readonly sessions: number;
  readonly devices: Devices;
  /** A change of the email that the person has not confirmed yet. */
  readonly newEmail: { readonly email: string; readonly expiresAt: number } | undefined;
  readonly lockouts: readonly Lockout[];
  /** The state of the temporary access code that the next set-up requires, never the code itself. */
  readonly accessCode: ShownCode | undefined;
  readonly waitingReset: boolean;
  readonly undelivered: readonly ShownMail[];
  readonly trail: readonly TrailEvent[];
  readonly done?: Done | undefined;
};

/** One person of a partner: their state, the possible acts, and the last events. */
export function personPage(view: View, page: PersonView): Html {
  const { t } = view;
  const { row, partner, trail } = page;
  return consolePage(view, {
    title: row.name,
    part: 'partners',
    above: { href: `/console/partners/${partner.id}`, label: partner.name },
    done: page.done,
    body: html`${page.undelivered.map((mail) => undeliveredNotice(view, { person: row.id, partner, mail }))}${page.waitingReset && html`<p class="notice info">${t('person.waitingReset')} <a href="/console/resets">${t('console.resets')}</a></p>`}
${partner.archivedAt !== undefined && html`<p class="notice info">${t('partner.archived')}</p>`}
${dataList(factsOf(view, page))}
<section class="apart"><h2>${t('person.acts')}</h2>${actions(...actsOf(view, page))}${!mayReset(view) && html`<p class="quiet">${t('person.resetsByAdministrators')}</p>`}</section>
<section><h2>${t('partner.trail')}</h2>${trailGrid(view, trail, `/console/audit?person=${row.id}`)}</section>
${devicesSection(view, row, page.devices)}`,
  });
}

type Undelivered = { readonly person: string; readonly partner: ShownPartner; readonly mail: ShownMail };

function undeliveredNotice({ t, brand }: View, { person, partner, mail }: Undelivered): Html {
  const { id, kind, fault, mayGoAgain } = mail;
  const subject = t(`mail.${kind}.subject`, { product: partner.look?.name ?? brand.name });
  const again = mayGoAgain && html` <a href="/console/people/${person}/mail/${id}">${t('act.mail')}</a>`;
  return html`<p class="notice">${t('person.undelivered', { subject, fault: fault ?? '–' })}${again}</p>`;
}

function factsOf(view: View, page: PersonView) {
  const { t, locale, now } = view;
  const { row, sessions, devices, lockouts, accessCode, newEmail } = page;
  const { known, trusted } = devices;
  const isExempt = row.exemptUntil !== undefined && row.exemptUntil > now;
  return [
    { label: t('field.email'), value: html`<span class="anywhere">${row.email}</span>` },
    ...(newEmail ? [{ label: t('person.newEmail'), value: newEmailValue(view, newEmail) }] : []),
    { label: t('person.role'), value: t(row.role === 'manager' ? 'role.manager' : 'role.member') },
    { label: t('people.state'), value: stateOf(view, row) },
    {
      label: t('people.mfa'),
      value: html`${mfaOf(view, row)}${isExempt && html`<br>${t('person.exemptBecause')} ${row.exemptReason}`}`,
    },
    ...codeFacts(view, accessCode),
    { label: t('person.codes'), value: row.enrolledAt === undefined ? '–' : row.codesLeft },
    { label: t('person.lockouts'), value: lockoutsOf(view, lockouts) },
    { label: t('person.sessions'), value: sessions },
    {
      label: t('person.devices.title'),
      value: html`<a href="#devices">${t('person.devices.count', { known, trusted })}</a>`,
    },
    {
      label: t('people.lastSignIn'),
      value: row.lastSignInAt === undefined ? t('people.never') : timeElement(row.lastSignInAt, locale),
    },
  ];
}

function newEmailValue({ t, locale }: View, { email, expiresAt }: NonNullable<PersonView['newEmail']>): Html {
  return html`<span class="anywhere">${email}</span> <span class="hint">${t('person.newEmail.waits')} ${timeElement(expiresAt, locale)}</span>`;
}

/** What the person has to wait for, one line each. */
function lockoutsOf({ t }: View, lockouts: readonly Lockout[]): Content {
  if (lockouts.length === 0) return t('person.lockouts.none');
  return lockouts.map((lockout, index) => {
    const { what, how, seconds, isElsewhere } = lockout;
    const state = how === 'waits' ? t('person.lockout.waits', { span: span(t, seconds) }) : t(`person.lockout.${how}`);
    return html`${index > 0 && html`<br>`}${t(`person.lockout.${what}`)}: ${state}${isElsewhere && html` <span class="hint">${t('person.lockout.elsewhere')}</span>`}`;
  });
}

/** The state of a temporary access code, if there is one. */
export function codeFacts({ t, locale }: View, code: ShownCode | undefined) {
  if (code === undefined) return [];
  const value = code.isOpen
    ? html`${t('person.accessCode.open')} ${timeElement(code.expiresAt, locale)}`
    : t('person.accessCode.over');
  return [{ label: t('person.accessCode'), value }];
}

/** The possible acts for a person in this state, the serious ones last. */
function actsOf(view: View, { row, accessCode, lockouts }: PersonView): readonly Content[] {
  const { t, now, rules } = view;
  const path = `/console/people/${row.id}`;
  const act = (name: PersonActName, variant: 'quiet' | 'danger' = 'quiet') =>
    linkButton(`${path}/${name}`, t(`act.${name}`), variant);
  if (row.state === 'disabled')
    return [row.disabledAt !== undefined && act('enable'), act('edit'), act('delete', 'danger')];
  const isExempt = row.exemptUntil !== undefined && row.exemptUntil > now;
  return [
    row.state === 'invited' ? act('invitation') : act('link'),
    act('edit'),
    row.state === 'active' && lockouts.some(({ how }) => how !== 'disabled') && act('unlock'),
    row.enrolledAt === undefined && act(isExempt ? 'unexempt' : 'exempt'),
    mayReset(view) && accessCode && !rules?.resetSecondApprover && act('access-code'),
    mayReset(view) && (row.enrolledAt !== undefined || accessCode !== undefined) && act('reset-mfa', 'danger'),
    act('disable', 'danger'),
  ];
}

/** Whether the rules of the service let this reader reset. */
function mayReset({ rules, staff }: View): boolean {
  return staff === 'admin' || rules?.resetsBy !== 'administrators';
}

export type PersonActName =
  | 'edit'
  | 'enable'
  | 'disable'
  | 'delete'
  | 'unlock'
  | 'exempt'
  | 'unexempt'
  | 'link'
  | 'invitation'
  | 'access-code'
  | 'reset-mfa';
