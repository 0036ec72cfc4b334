import { PATHS } from '#core/paths.ts';
import type { Refusal } from '#core/values/result.ts';
import { errorPage, layout } from '#ui/layout.ts';
import { form, submitButton } from '#ui/parts/actions.ts';
import { passwordField, textField, usernameField } from '#ui/parts/fields.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { signsOut } from '#ui/parts/text.ts';
import { type RefusalText, refusalText } from '#ui/refusal-text.ts';
import type { View } from '#ui/view.ts';

type InvitationPage = {
  /** The path of the link itself. */
  readonly action: string;
  readonly kind: 'first_administrator' | 'invitation';
  /** The inviting partner. Staff invitations have none. */
  readonly partnerName: string | undefined;
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly minimum: number;
  readonly faults?: {
    readonly email?: 'malformed' | 'taken' | undefined;
    readonly name?: 'malformed' | undefined;
    readonly password?: Refusal | undefined;
  };
};

type FieldId = 'email' | 'name' | 'password';
type FieldFault = RefusalText & { readonly fieldId: FieldId };

/** The form for an invited person, or for the first administrator. */
export function invitationPage(view: View, page: InvitationPage): Html {
  const { t, brand } = view;
  const isFirst = page.kind === 'first_administrator';
  const faults = faultsOf(view, page.faults ?? {});
  const product = brand.name;
  return layout(view, {
    title: isFirst ? t('invitation.first.title') : t('invitation.title', { product }),
    width: 'form',
    doors: { first: 'here', second: 'ahead', label: t('steps.first') },
    refusal: summary(view, faults),
    body: html`<p class="lead">${lead(view, page)}</p>
${signsOut(view)}
${form(
  view,
  page.action,
  html`${emailField(view, page, faults)}
${textField({
  id: 'name',
  name: 'name',
  label: t('invitation.name'),
  autocomplete: 'name',
  value: page.name,
  error: errorOf(faults, 'name'),
})}
${passwordField(view, {
  id: 'password',
  name: 'password',
  label: t(isFirst ? 'field.password' : 'password.new'),
  autocomplete: 'new-password',
  minimum: page.minimum,
  hint: t('password.hint', { minimum: page.minimum }),
  autofocus: !isFirst && faults.length === 0,
  error: errorOf(faults, 'password'),
})}
${submitButton(t('button.continue'))}`,
)}
<p class="quiet"><a href="${PATHS.helpSigningIn}">${t('enroll.help')}</a></p>`,
  });
}

export function deadInvitationPage(view: View): Html {
  const { t } = view;
  return errorPage(view, {
    title: t('invitation.dead.title'),
    text: t('invitation.dead.text'),
    action: { href: PATHS.signIn, label: t('error.action.signIn') },
  });
}

function lead({ t, brand }: View, { kind, partnerName }: InvitationPage): string {
  const product = brand.name;
  if (kind === 'first_administrator') return t('invitation.first.lead', { product });
  if (partnerName === undefined) return t('invitation.leadStaff', { product });
  return t('invitation.lead', { partner: partnerName });
}

function emailField(view: View, { kind, email }: InvitationPage, faults: readonly FieldFault[]): Html {
  if (kind === 'invitation') return usernameField(view, email ?? '');
  return textField({
    id: 'email',
    name: 'email',
    label: view.t('field.email'),
    type: 'email',
    inputmode: 'email',
    autocomplete: 'username',
    value: email,
    autofocus: faults.length === 0,
    error: errorOf(faults, 'email'),
  });
}

function faultsOf(view: View, { email, name, password }: NonNullable<InvitationPage['faults']>): FieldFault[] {
  const { t } = view;
  const malformed = { title: t('signIn.emailNeeded.title'), text: t('signIn.emailNeeded.text') };
  const taken = { title: t('invitation.emailTaken.title'), text: t('invitation.emailTaken.text') };
  const faults: (FieldFault | undefined)[] = [
    email && { fieldId: 'email', ...(email === 'taken' ? taken : malformed) },
    name && { fieldId: 'name', title: t('invitation.nameNeeded.title'), text: t('invitation.nameNeeded.text') },
    password && { fieldId: 'password', ...refusalText(view, password, 'password') },
  ];
  return faults.filter((fault) => fault !== undefined);
}

/** One fault as text, several as a list of links to the fields. */
function summary({ t }: View, faults: readonly FieldFault[]): (RefusalText & { fieldId?: FieldId }) | undefined {
  const [first] = faults;
  if (faults.length <= 1) return first;
  const links: Content[] = faults.map(
    ({ fieldId, title }, index) => html`${index > 0 && html`<br>`}<a href="#${fieldId}">${title}</a>`,
  );
  return { title: t('invitation.several', { count: faults.length }), text: html`${links}` };
}

function errorOf(faults: readonly FieldFault[], fieldId: FieldId): string | undefined {
  return faults.find((fault) => fault.fieldId === fieldId)?.title;
}
