import { z } from 'zod';
import { LOGO_UPLOAD_BYTES } from '#core/brand/image.ts';
import { boundsOf, defaultText } from '#core/instance/settings.ts';
import { isRefusal, type Refusal, refuse } from '#core/values/result.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, doneOf, missing } from '#features/console/shared-routes.ts';
import { changeSetting, type SettingTyped } from '#flows/instance/change.ts';
import { findTestMail, sendTestMail, TEST_MAILS_PER_HOUR } from '#flows/instance/test-mail.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { type ActCall, actPages, type Fields } from '#http/pages/act-pages.ts';
import { type Reply, seeOther, show } from '#http/pages/reply.ts';
import { showRefusal } from '#http/problem.ts';
import { type PageCall, page, type Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { duration } from '#ui/parts/text.ts';
import { logoSettingPage } from './logo-setting-page.ts';
import { readSetting, readSettings, type ShownSetting } from './read.ts';
import { defaultPage, settingPage } from './setting-page.ts';
import { settingsPage } from './settings-page.ts';
import { testMailPage } from './test-mail-page.ts';
import { SETTINGS, valueWords } from './words-page.ts';

const ONE = `${SETTINGS}/:setting`;
const KEPT = ['value', 'reason'] as const;

/** The version that the form showed; the file comes beside the fields. */
const logoForm = z.object({ seen: typed('word').optional() });

const settingForm = z.object({
  value: typed('notes').optional(),
  reason: typed('reason').optional(),
  seen: typed('word').optional(),
});

type AdminCall = ActCall<'staffAdminSteppedUp'>;

/** The settings of the whole service, for administrators. */
export const settingsRoutes: readonly Route[] = [
  page({
    method: 'GET',
    path: SETTINGS,
    guard: 'staffAdmin',
    handle: async (call) => show(await drawAll(call)),
  }),
  page({
    method: 'GET',
    path: `${SETTINGS}/test-mail`,
    guard: 'staffAdmin',
    async handle({ env, view, session, query }) {
      const id = query.get('mail') ?? '';
      const { email } = session.user;
      const mail = await findTestMail(env, id, email);
      return show(testMailPage(view, { id, email, mail, perHour: TEST_MAILS_PER_HOUR }));
    },
  }),
  page({ method: 'POST', path: `${SETTINGS}/test-mail`, guard: 'staffAdminSteppedUp', handle: submitTestMail }),
  ...actPages({
    path: ONE,
    guard: 'staffAdminSteppedUp',
    form: settingForm,
    keeps: KEPT,
    missing,
    find: findOne,
    draw: drawOne,
    act: (call, setting, typed) => submit(call, setting, typed, typed.value ?? ''),
  }),
  page({
    method: 'POST',
    path: `${ONE}/logo`,
    guard: 'staffAdminSteppedUp',
    form: logoForm,
    uploadBytes: LOGO_UPLOAD_BYTES,
    handle: submitLogo,
  }),
  ...actPages({
    path: `${ONE}/default`,
    guard: 'staffAdminSteppedUp',
    form: settingForm,
    keeps: KEPT,
    missing,
    find: findOne,
    // Nothing is set here, or the environment wins: the page of the setting says so.
    elsewhere: (_call, { name, source }) => (source === 'stored' ? undefined : seeOther(`${SETTINGS}/${name}`)),
    draw({ view }, setting, { reason = '' }, refusal) {
      const becomes = valueWords(view, setting, defaultText(setting.key));
      return defaultPage(view, { setting, becomes, reason, refusal: refusal && refusedWords(view, refusal) });
    },
    act: (call, setting, typed) => submit(call, setting, typed, undefined),
  }),
];

function drawOne({ view }: Pick<AdminCall, 'view'>, setting: ShownSetting, typed: Fields, refused?: Refusal) {
  const refusal = refused && refusedWords(view, refused);
  if (setting.logo !== undefined) return logoSettingPage(view, setting, refusal);
  const { value = setting.value ?? '', reason = '' } = typed;
  return settingPage(view, { setting, value, bounds: boundsOf(setting.key), reason, refusal });
}

async function submitLogo(call: PageCall<'staffAdminSteppedUp', z.output<typeof logoForm>>): Promise<Reply> {
  const { view, input, upload: file } = call;
  const setting = await findOne(call);
  if (setting?.logo === undefined) return missing(view);
  const noFile = refuse('invalid_request', { reason: 'logo_missing' });
  const done = file === undefined ? noFile : await change(call, { ...typedOf(setting, input), file });
  return isRefusal(done) ? showRefusal(drawOne(call, setting, {}, done), done) : done;
}

function findOne({ env, params }: AdminCall): Promise<ShownSetting | undefined> {
  return readSetting(env, params.setting ?? '');
}

/** @param value undefined: the default */
function submit(call: AdminCall, { name, version }: ShownSetting, { reason, seen }: Fields, value: string | undefined) {
  // An empty field is a value for no setting. Where none is the default, it means that.
  const isNone = value?.trim() === '' && name === 'support-contact';
  return change(call, { ...typedOf({ name, version }, { seen }), value: isNone ? undefined : value, reason });
}

function typedOf({ name, version }: Pick<ShownSetting, 'name' | 'version'>, { seen }: Fields): SettingTyped {
  return { name, value: undefined, seen: seen === undefined ? version : Number(seen) };
}

function change(call: AdminCall, typed: SettingTyped): Promise<Reply | Refusal> {
  return idempotentForm(
    call,
    (around) => changeSetting(call.env, actorOf(call), typed, around),
    seeOther(`${SETTINGS}?done=settingSaved`),
  );
}

async function drawAll({ env, view, query }: Pick<PageCall<'staffAdmin'>, 'env' | 'view' | 'query'>) {
  return settingsPage(view, {
    settings: await readSettings(env),
    testsPerHour: TEST_MAILS_PER_HOUR,
    done: doneOf(query),
  });
}

async function submitTestMail(call: PageCall<'staffAdminSteppedUp'>): Promise<Reply> {
  const { env, view, session } = call;
  const sent = await idempotentForm(
    call,
    (around) => sendTestMail(env, actorOf(call), session.user, around),
    ({ mailId }: { readonly mailId: string }) => seeOther(`${SETTINGS}/test-mail?mail=${mailId}`),
  );
  if (!isRefusal(sent)) return sent;
  const page = settingsPage(view, {
    settings: await readSettings(env),
    testsPerHour: TEST_MAILS_PER_HOUR,
    refusal: { title: oftenWords(call, sent) },
  });
  return showRefusal(page, sent);
}

function oftenWords({ view: { t } }: Pick<AdminCall, 'view'>, { retryAfterSeconds = 0 }: Refusal): string {
  return t('settings.test.often', { wait: duration(t, retryAfterSeconds) });
}
