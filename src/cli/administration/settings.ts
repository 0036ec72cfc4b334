import { command, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { INSTANCE_SETTINGS } from '#core/instance/settings.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal } from '#core/values/result.ts';
import type { Env } from '#env.ts';
import { changeSetting } from '#flows/instance/change.ts';
import { type KnownSetting, readKnownSettings } from '#flows/instance/known.ts';

const TYPED = INSTANCE_SETTINGS.filter(({ logo }) => logo === undefined);
const NAMES = TYPED.map(({ name }) => name).join(', ');
const REASON = { reason: { value: 'TEXT', about: 'why; needed for the rules on resets, and kept in the audit log' } };

const list = command({
  words: 'settings list',
  args: [],
  options: JSON_OPTION,
  summary: 'Lists the settings that administrators can change in the console: value, source, and who changed it.',
  run: () =>
    withEnv(async (env) => {
      const records = (await readKnownSettings(env)).map(recordOf);
      return { data: records, lines: columns(records.map(lineOf)) };
    }),
});

const set = command({
  words: 'settings set',
  args: ['NAME', 'VALUE'],
  options: { ...REASON, ...JSON_OPTION },
  summary: `Changes a setting, as the console does: ${NAMES}.`,
  run: ({ args, options }) =>
    withEnv((env) => change(env, { name: args.NAME, value: args.VALUE, reason: options.reason })),
});

const unset = command({
  words: 'settings unset',
  args: ['NAME'],
  options: { ...REASON, ...JSON_OPTION },
  summary: 'Uses the default of a setting again.',
  run: ({ args, options }) =>
    withEnv((env) => change(env, { name: args.NAME, value: undefined, reason: options.reason })),
});

export const commands = [list, set, unset];

async function change(env: Env, typed: Parameters<typeof changeSetting>[2]) {
  const done = await changeSetting(env, ACTOR, typed);
  if (isRefusal(done)) return done;
  const record = (await readKnownSettings(env)).map(recordOf).find(({ name }) => name === typed.name);
  return { data: record ?? null, lines: [`${typed.name}: ${record?.value ?? 'none'} (${record?.source}).`] };
}

function recordOf({ name, variable, source, value, stored, change }: KnownSetting) {
  return {
    name,
    value: value ?? null,
    source,
    variable,
    // A value that the environment wins over.
    ignored: source === 'environment' ? (stored ?? null) : null,
    changedAt: change ? instant(change.at) : null,
    changedBy: change?.by ?? null,
  };
}

function lineOf({ name, value, source, variable, ignored, changedAt, changedBy }: ReturnType<typeof recordOf>) {
  const set = changedAt === null ? '' : `${changedAt} by ${changedBy}`;
  const from = { environment: variable, stored: set, default: set }[source];
  return [name, source, value ?? '-', ignored === null ? from : `${from}; without effect: ${ignored}`];
}
