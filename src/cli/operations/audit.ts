import { once } from 'node:events';
import { command, isMisuse, JSON_OPTION } from '#cli/command.ts';
import { ACTOR, withEnv, withUnsealedEnv } from '#cli/open.ts';
import { readTime } from '#cli/typed-time.ts';
import { counted } from '#core/values/text.ts';
import { eraseClients, noteVerification } from '#features/operate/audit.ts';
import { problemLine, remarkLine } from '#flows/audit/problems.ts';
import { timeVerification } from '#flows/audit/verify.ts';
import { exportAudit } from '#flows/runtime/audit-export.ts';

const exportAll = command({
  words: 'audit export',
  args: [],
  options: {
    since: { value: 'TIME', about: 'events from then on: 2027-01-31 or 2027-01-31T08:00:00Z' },
    format: { value: 'jsonl|csv', about: 'else jsonl: one JSON object a line' },
    json: { about: 'the same as --format jsonl' },
  },
  summary: 'Prints the audit log, oldest event first.',
  async run({ options, json }) {
    const format = (['jsonl', 'csv'] as const).find((name) => name === (options.format ?? 'jsonl'));
    if (format === undefined) return { misuse: '--format must be jsonl or csv' };
    if (json && format === 'csv') return { misuse: '--json and --format csv contradict each other' };
    const since = options.since === undefined ? undefined : readTime('--since', options.since);
    if (isMisuse(since)) return since;
    return withEnv(async (env) => {
      for await (const line of exportAudit(env, { format, since, actor: ACTOR })) {
        if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
      }
      return undefined;
    });
  },
});

const verify = command({
  words: 'audit verify',
  args: [],
  options: {
    head: { value: 'HASH', about: 'a head kept elsewhere: finds that the newest events were deleted' },
    ...JSON_OPTION,
  },
  summary: 'Verifies the sealed audit log and reports what has changed since it was sealed.',
  async run({ options }) {
    const { head } = options;
    if (head !== undefined && !/^[0-9a-f]{64}$/i.test(head)) return { misuse: '--head must be 64 hexadecimal digits' };
    return withUnsealedEnv(async (env) => {
      const run = await timeVerification(env, { head: head?.toLowerCase() });
      const verification = run.done;
      await noteVerification(env, verification, run.milliseconds);
      const { intact, events, batches, unsealed, pruned, problemCount, problems, remarks } = verification;
      const lines = [
        `${intact ? 'Intact' : 'NOT INTACT'}: ${counted(events, 'event')} in ${counted(batches, 'sealed batch', 'sealed batches')}.`,
        `Not sealed yet: ${unsealed}. Pruned before: ${pruned}.`,
        `Head: ${verification.head ?? 'none yet'}`,
        ...problems.map(problemLine),
        ...remarks.map(remarkLine),
      ];
      const data = { ...verification, head: verification.head ?? null };
      if (intact) return { data, lines };
      return {
        data,
        lines,
        failed: `the audit log is not as it was sealed (problems: ${problemCount}): keep a copy and find out who wrote to the database`,
      };
    });
  },
});

const erase = command({
  words: 'audit erase',
  args: [],
  options: {
    before: { value: 'TIME', required: true, about: 'events before then: 2027-01-31 or 2027-01-31T08:00:00Z' },
    ...JSON_OPTION,
  },
  summary: 'Erases addresses and user agents of sealed events without breaking the chain.',
  async run({ options }) {
    const before = readTime('--before', options.before);
    if (isMisuse(before)) return before;
    return withEnv(async (env) => {
      if (before > env.now()) throw new Error('--before must not be in the future: an erasure covers what is there');
      const events = await eraseClients(env, { before, actor: ACTOR });
      return { data: { events }, lines: [`Erased address and user agent of ${counted(events, 'event')}.`] };
    });
  },
});

export const commands = [exportAll, verify, erase];
