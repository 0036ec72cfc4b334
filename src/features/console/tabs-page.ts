import { tabs } from '#ui/parts/grid.ts';
import type { Html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

export type ConsolePart =
  | 'rollout'
  | 'partners'
  | 'adoption'
  | 'resets'
  | 'audit'
  | 'staff'
  | 'clients'
  | 'keys'
  | 'webhooks'
  | 'settings';

/** The navigation above every page of the console. */
export function consoleTabs(view: View, part: ConsolePart): Html {
  const { t, rules, staff } = view;
  const items = [
    { part: 'rollout', href: '/console/rollout', label: t('console.rollout') },
    { part: 'partners', href: '/console/partners', label: t('console.partners') },
    { part: 'adoption', href: '/console/adoption', label: t('console.adoption') },
    ...(rules?.resetSecondApprover ? [{ part: 'resets', href: '/console/resets', label: t('console.resets') }] : []),
    { part: 'audit', href: '/console/audit', label: t('console.audit') },
    ...(staff === 'admin' ? partsOfAdministrators(view) : []),
  ];
  return tabs(
    t('layout.console'),
    items.map((item) => ({ ...item, isCurrent: item.part === part })),
  );
}

function partsOfAdministrators({ t }: View) {
  return [
    { part: 'staff', href: '/console/staff', label: t('console.staff') },
    { part: 'clients', href: '/console/clients', label: t('console.clients') },
    { part: 'keys', href: '/console/api-keys', label: t('console.keys') },
    { part: 'webhooks', href: '/console/webhooks', label: t('console.webhooks') },
    { part: 'settings', href: '/console/settings', label: t('console.settings') },
  ];
}
