import { command, isMisuse, JSON_OPTION } from '#cli/command.ts';
import { columns } from '#cli/help.ts';
import { ACTOR, withEnv } from '#cli/open.ts';
import { readEnd } from '#cli/typed-time.ts';
import { API_KEY_DAYS_MOST, SCOPES } from '#core/portals/api-key.ts';
import { instant } from '#core/time/day.ts';
import { isRefusal } from '#core/values/result.ts';
import { addApiKey, endApiKey } from '#flows/administration/api-keys.ts';
import { type ApiKey, listApiKeys } from '#store/programs/api-keys.ts';
import { apiKeyRecord } from '#wire/records.ts';

const add = command({
  words: 'api-key add',
  args: ['NAME'],
  options: {
    scope: { value: 'SCOPE,…', required: true, about: `what it is good for: ${SCOPES.join(', ')}` },
    expires: { value: 'TIME', about: `a last day or a time; else in ${API_KEY_DAYS_MOST} days, and never later` },
    ...JSON_OPTION,
  },
  summary: 'Creates a management API key and prints it once.',
  async run({ args, options }) {
    const expiresAt = options.expires === undefined ? undefined : readEnd('--expires', options.expires);
    if (isMisuse(expiresAt)) return expiresAt;
    const scopes = options.scope.split(',').map((scope) => scope.trim());
    return withEnv(async (env) => {
      const made = await addApiKey(env, ACTOR, { name: args.NAME, scopes, expiresAt });
      if (isRefusal(made)) return made;
      const { key, apiKey } = made;
      const until = `Good for ${apiKey.scopes.join(', ')} until ${instant(apiKey.expiresAt)}. It is not shown again:`;
      return { data: { ...apiKeyRecord(apiKey), key }, lines: [until, key] };
    });
  },
});

const list = command({
  words: 'api-key list',
  args: [],
  options: JSON_OPTION,
  summary: 'Lists the management API keys, including expired and revoked ones.',
  run: () =>
    withEnv(async (env) => {
      const keys = await listApiKeys(env.db.read);
      const rows = keys.map((key) => [
        key.id,
        key.name,
        stateLine(key, env.now()),
        key.scopes.join(','),
        usedLine(key),
      ]);
      return { data: keys.map(apiKeyRecord), lines: columns(rows) };
    }),
});

const revoke = command({
  words: 'api-key revoke',
  args: ['ID'],
  options: JSON_OPTION,
  summary: 'Revokes a key permanently: its next request is refused.',
  run: ({ args }) =>
    withEnv(async (env) => {
      const ended = await endApiKey(env, ACTOR, args.ID);
      return isRefusal(ended) ? ended : { data: apiKeyRecord(ended), lines: [`${ended.name} is revoked.`] };
    }),
});

export const commands = [add, list, revoke];

const BECAUSE = {
  maker_disabled: 'its maker was disabled',
  maker_deleted: 'its maker was deleted',
  maker_demoted: 'its maker is no administrator any more',
} as const;

function stateLine({ revokedAt, revokedBecause, expiresAt }: ApiKey, now: number): string {
  if (revokedAt !== undefined && revokedBecause !== undefined)
    return `ended ${instant(revokedAt)}: ${BECAUSE[revokedBecause]}`;
  if (revokedAt !== undefined) return `revoked ${instant(revokedAt)}`;
  return `${expiresAt <= now ? 'expired' : 'until'} ${instant(expiresAt)}`;
}

function usedLine({ lastUsedAt }: ApiKey): string {
  return lastUsedAt === undefined ? 'never used' : `last used ${instant(lastUsedAt)}`;
}
