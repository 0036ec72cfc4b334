import { counted } from '#core/values/text.ts';
import type { Restored } from '#features/operate/restore.ts';

/** The result of a restore, as `--json` prints it. */
export function restoredRecord({ ended, head, ...restored }: Restored) {
  const { rows, ...others } = ended;
  const counts = {
    sessions: rows.sessions,
    signIns: rows.pending_sign_ins,
    links: rows.links,
    devices: rows.devices,
    trustedDevices: rows.trusted_devices,
    enrollments: rows.enrollments,
    emailLinks: rows.email_links,
    resetRequests: rows.reset_requests,
    idempotentCalls: rows.idempotent_calls,
  };
  return { ...restored, ended: { ...counts, ...others }, head: head ?? null };
}

/**
 * The result of a restore in words: the restored rows, what was revoked (by name if it has one), and what is left to
 * do.
 */
export function restoredLines(restored: Restored): string[] {
  const { tables, codeHolders, codesVoided, batch, head } = restored;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return [
    `Restored ${counted(rows, 'row')} of ${counted(tables.length, 'table')}; each was read back and compared.`,
    ...endedLines(restored),
    'One-time codes from before are refused: the next valid one comes after a minute and a half.',
    codesVoided > 0
      ? `${counted(codesVoided, 'recovery code was', 'recovery codes were')} voided: their holders have to make new ones.`
      : `${counted(codeHolders, 'person has', 'people have')} recovery codes left. Codes that were used after this backup work again: ask them to make new ones, or restore with --void-recovery-codes.`,
    'Passwords, authenticators, roles and policies are as they were when the backup was made: later resets and password changes are undone.',
    batch === undefined
      ? 'The audit log of the backup has no sealed batch; the chain starts now.'
      : `The audit log goes on after batch ${batch}, head ${head}. A head kept after that batch is not in it any more.`,
  ];
}

function endedLines({ ended, shutOut }: Restored): string[] {
  const { rows, mails, accessCodes, apiKeys, webhooks, clients } = ended;
  return [
    `Ended: ${counted(rows.sessions, 'session')}, ${counted(rows.pending_sign_ins, 'half-done sign-in')}, ${counted(rows.enrollments, 'open set-up')}, ${counted(rows.links, 'link')}, ${counted(rows.devices, 'known device')}, ${counted(rows.trusted_devices, 'trusted device')}, ${counted(mails, 'unsent email')}.`,
    `Ended: ${counted(rows.email_links, 'link')} to change an email or to go back to one, ${counted(rows.reset_requests, 'waiting reset')}, ${counted(rows.idempotent_calls, 'kept answer')} of the API.`,
    ...(accessCodes > 0
      ? [
          `${counted(accessCodes, 'temporary access code opens', 'temporary access codes open')} nothing any more: make new ones in the console for these people.`,
        ]
      : []),
    ...named(
      'API keys revoked',
      apiKeys.map(({ id, name }) => `${name} (${id})`),
      'make new ones',
    ),
    ...named(
      'Webhooks disabled',
      webhooks.map(({ id, url }) => `${url} (${id})`),
      '"sallyport webhook enable ID"',
    ),
    ...named(
      'OpenID Connect clients disabled',
      clients.map(({ id, name }) => `${name} (${id})`),
      '"sallyport client enable ID"; a secret that was replaced after the backup works again, so make a new one with "sallyport client new-secret ID"',
    ),
    ...named(
      'Disabled, deleted or archived after the backup, and locked out again',
      shutOut,
      '"sallyport user enable", or the console for a partner',
    ),
  ];
}

function named(what: string, names: readonly string[], next: string): string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}. Where they are needed: ${next}.`];
}
