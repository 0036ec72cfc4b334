import type { Translate } from '#messages/messages.ts';
import { type Content, html } from './html.ts';

type Fault = { readonly title: string; readonly text?: Content; readonly fieldId?: string | undefined };

/** One fault as it is, several as a list of links to their fields. `undefined` without one. */
export function summaryOfFaults(t: Translate, faults: readonly Fault[]): Fault | undefined {
  if (faults.length <= 1) return faults[0];
  const links = faults.map(
    ({ title, fieldId }, index) => html`${index > 0 && html`<br>`}<a href="#${fieldId}">${title}</a>`,
  );
  return { title: t('invitation.several', { count: faults.length }), text: html`${links}` };
}
