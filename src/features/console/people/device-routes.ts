import { z } from 'zod';
import { reasonPage } from '#features/console/act-pages.ts';
import { findMember } from '#features/console/find.ts';
import { refusedWords } from '#features/console/frame-page.ts';
import { actorOf, missing } from '#features/console/shared-routes.ts';
import { idempotentForm } from '#flows/runtime/idempotency.ts';
import { endDevice } from '#flows/trusted-devices/end-by-staff.ts';
import { type ActCall, actPages } from '#http/pages/act-pages.ts';
import { seeOther } from '#http/pages/reply.ts';
import type { Route } from '#http/route.ts';
import { typed } from '#http/typed.ts';
import { findDevice } from './devices.ts';
import { nameOfDevice } from './devices-page.ts';

/** Ends one device of a person, with a reason. */
export const deviceRoutes: readonly Route[] = actPages({
  path: '/console/people/:person/devices/:device',
  guard: 'staffSteppedUp',
  form: z.object({ reason: typed('reason').optional() }),
  keeps: ['reason'],
  find: findOne,
  missing,
  draw({ view }, { row, device }, { reason = '' }, refusal) {
    const above = { href: `/console/people/${row.id}`, label: row.name };
    const names = { device: nameOfDevice(view, device), name: row.name };
    return reasonPage(view, {
      title: view.t('act.device.button', names),
      text: view.t(device.trustedUntil === undefined ? 'act.device.text.known' : 'act.device.text.trusted', names),
      action: `${above.href}/devices/${device.id}`,
      above,
      isGrave: true,
      reason,
      refusal: refusal && refusedWords(view, refusal),
    });
  },
  act: (call, { row: { id }, device }, { reason = '' }) =>
    idempotentForm(
      call,
      (around) => endDevice(call.env, { id, actor: actorOf(call), deviceId: device.id, reason }, around),
      seeOther(`/console/people/${id}?done=deviceEnded`),
    ),
  // It ended in the meantime: the list shows it.
  refused: (_call, { row }, refusal) =>
    refusal.refused === 'not_found' ? seeOther(`/console/people/${row.id}`) : undefined,
});

async function findOne({ env, params }: ActCall<'staffSteppedUp'>) {
  const member = await findMember(env, params.person ?? '');
  const device = member && (await findDevice(env, member.row.id, params.device ?? ''));
  return member && device && { row: member.row, device };
}
