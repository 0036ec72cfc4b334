import { settingText, staffReason } from '#core/audit/detail.ts';
import { findInstanceSetting, INSTANCE_SETTINGS, type InstanceSetting, textToStore } from '#core/instance/settings.ts';
import { isRefusal, type ReasonOf, type Refusal, refuse, refuseFields } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { type Actor, actorClient, actorId } from '#flows/administration/actor.ts';
import { readLogoFile } from '#flows/brand/partner-look.ts';
import { actingTransaction } from '#flows/runtime/acting.ts';
import { appendEvent } from '#flows/runtime/append-event.ts';
import { type Around, plainly } from '#flows/runtime/transaction.ts';
import type { Queries } from '#store/engine/database.ts';
import { lockRules } from '#store/engine/locks.ts';
import { freshenSettings } from '#store/instance/fresh.ts';
import { changeStoredSetting, findSetting, readStoredSettings } from '#store/instance/settings.ts';
import { createLogo, deleteOtherLogos } from '#store/partners/looks.ts';
import type { LogoTable } from '#store/partners/tables.ts';

export type SettingTyped = {
  readonly name: string;
  /** As typed; undefined: the default is used again. */
  readonly value: string | undefined;
  /** A picture, for a logo; it has no `value`. */
  readonly file?: Buffer | undefined;
  /** The version that was shown; absent if none was, on the command line. */
  readonly seen?: number | undefined;
  /** Why a rule is changed, which the audit log keeps. A name or a colour needs no reason. */
  readonly reason?: string | undefined;
};

/**
 * Changes a setting of the whole service. Only administrators and the operator may.
 *
 * Refuses what the environment gives, because the change would have no effect, and what somebody else has changed since
 * the form was shown. The same value again changes nothing.
 */
export async function changeSetting(
  env: Env,
  actor: Actor,
  typed: SettingTyped,
  around: Around<true> = plainly,
): Promise<true | Refusal> {
  const setting = findInstanceSetting(typed.name);
  if (setting === undefined) return refuse('not_found', { reason: 'setting' });
  const isGiven = env.config.given[setting.key] !== undefined;
  if (isGiven && (typed.value ?? typed.file) !== undefined)
    return refuse('forbidden', { reason: 'setting_in_environment' });
  const read = setting.logo === undefined ? readTyped(setting, typed) : readUpload(env, typed);
  if ('refused' in read) return read;
  const done = await actingTransaction<true>(env, actor, around, async (tx, acting) => {
    const mayChange = acting.kind === 'operator' || (acting.kind === 'person' && acting.role === 'admin');
    if (!mayChange) return refuse('forbidden');
    // Before the row is read, so that no transaction still uses the rule that this one replaces. Logos take it so that
    // a change of one does not delete the picture that a change of the other has just stored.
    if (setting.isRule || setting.logo !== undefined) await lockRules(tx);
    return change(env, tx, { actor, setting, seen: typed.seen, ...read });
  });
  // Who changed it sees it at once; other processes see it when they read the settings again.
  await freshenSettings(env, { now: true });
  return done;
}

type Read = {
  readonly value: string | undefined;
  readonly reason?: ReturnType<typeof staffReason>;
  readonly logo?: LogoTable | undefined;
};

function readTyped(setting: InstanceSetting, { value, reason: typedReason = '' }: SettingTyped): Read | Refusal {
  const text = value === undefined ? undefined : textToStore(setting.key, value);
  const reason = setting.isRule ? staffReason(typedReason) : undefined;
  const unfit = refuseFields([
    typeof text === 'object' && FAULTS[setting.key],
    setting.isRule && reason === undefined && 'reason_missing',
  ]);
  return unfit ?? { value: typeof text === 'object' ? undefined : text, reason };
}

/** A logo is judged like that of a partner. Its id is a hash of the picture, and becomes the value. */
function readUpload(env: Env, { value, file }: SettingTyped): Read | Refusal {
  if (value !== undefined) return refuse('invalid_request', { reason: 'logo_missing' });
  if (file === undefined) return { value };
  const logo = readLogoFile(env, null, file);
  return isRefusal(logo) ? logo : { value: logo.id, logo };
}

const FAULTS: Readonly<Record<InstanceSetting['key'], ReasonOf<'invalid_request'>>> = {
  logoLight: 'logo_missing',
  logoDark: 'logo_missing',
  productName: 'product_name',
  accentHue: 'hue',
  supportContact: 'support_contact',
  resetsBy: 'setting_choice',
  resetSecondApprover: 'setting_choice',
  accessCodeMinutes: 'code_minutes',
  resetFreezeHours: 'freeze_hours',
};

/** Stores the picture and deletes those that no setting names now. */
async function replaceLogo(tx: Queries, logo: LogoTable | undefined): Promise<void> {
  if (logo !== undefined) await createLogo(tx, logo);
  const stored = await readStoredSettings(tx);
  const kept = INSTANCE_SETTINGS.filter((setting) => setting.logo !== undefined).map(({ name }) => stored.get(name));
  await deleteOtherLogos(
    tx,
    null,
    kept.filter((id) => id !== undefined),
  );
}

type Change = Read & { readonly actor: Actor; readonly setting: InstanceSetting; readonly seen: number | undefined };

async function change(
  env: Env,
  tx: Queries,
  { actor, setting, seen, value, reason, logo }: Change,
): Promise<true | Refusal> {
  const { name } = setting;
  const before = await findSetting(tx, name);
  const version = before?.version ?? 0;
  if (seen !== undefined && seen !== version) return refuse('forbidden', { reason: 'setting_changed' });
  if ((before?.value ?? undefined) === value) return true;
  const row = { name, value: value ?? null, changed_at: env.now(), changed_by: actorId(actor) };
  if (!(await changeStoredSetting(tx, { ...row, seen: version }))) {
    return refuse('forbidden', { reason: 'setting_changed' });
  }
  if (setting.logo !== undefined) await replaceLogo(tx, logo);
  const from = before?.value == null ? undefined : settingText(before.value);
  const to = value === undefined ? undefined : settingText(value);
  const event = {
    action: 'setting.changed',
    actor: actorId(actor),
    detail: { setting: name, from, to, reason },
  } as const;
  await appendEvent(env, tx, event, actorClient(actor));
  return true;
}
