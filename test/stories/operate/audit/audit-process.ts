import { sealAuditTail } from '#features/operate/audit.ts';
import { append, openAudit } from './audit-world.ts';

/** A second process on the same log: adds and seals one event after the other. */
const [, , path = '', keyText = '', count = ''] = process.argv;
const { env } = await openAudit(path, keyText);
for (let i = 0; i < Number(count); i += 1) {
  await append({ env }, { action: 'backup.made', detail: {} });
  await sealAuditTail(env);
}
await env.db.close();
