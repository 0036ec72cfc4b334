import type { Scheme } from '#core/brand/palette.ts';
import { uploadForm } from '#features/console/bulk/change-page.ts';
import { submitButton } from '#ui/parts/actions.ts';
import { attributes, type Content, type Html, html } from '#ui/parts/html.ts';
import type { View } from '#ui/view.ts';

/** A logo on the ground of its scheme, whatever the browser has. The page needs `look.css`. */
export function logoOnGround({ t }: View, scheme: Scheme, address: string): Html {
  return html`<p class="logo-ground in-${scheme}"><img src="${address}" alt="${t(`look.logo.${scheme}`)}"></p>`;
}

type LogoUpload = {
  readonly action: string;
  readonly id: string;
  /** Hidden fields. */
  readonly carried: Content;
  readonly error: string | undefined;
  /** The way back, where the upload is the act of the page. */
  readonly back?: Content;
};

/** The form that sends the file of a logo. */
export function logoUpload(view: View, { action, id, carried, error, back }: LogoUpload): Html {
  const button = submitButton(view.t('look.logo.upload'), back === undefined ? 'quiet' : 'primary');
  const buttons = back === undefined ? button : html`<div class="actions">${button}${back}</div>`;
  return uploadForm(view, action, html`${carried}${logoField(view, { id, error })}\n${buttons}`);
}

type LogoField = { readonly id: string; readonly error?: string | undefined; readonly disabled?: boolean };

export function logoField({ t }: View, { id, error, disabled }: LogoField): Html {
  const described = { 'aria-invalid': error && 'true', 'aria-describedby': error && `${id}-error` };
  const accept = 'image/png,image/jpeg,image/webp';
  return html`<div class="field${error !== undefined && ' wrong'}"><label for="${id}">${t('look.logo.file')}</label>
${error !== undefined && html`<p class="error" id="${id}-error">${error}</p>`}<input${attributes({ id, name: 'file', type: 'file', accept, disabled, ...described })}></div>`;
}
