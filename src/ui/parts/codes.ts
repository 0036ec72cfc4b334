import { raw } from 'hono/html';
import { type Content, type Html, html } from './html.ts';

/** Recovery codes, numbered. The text of each item is only the code. */
export function codeList(codes: readonly string[]): Html {
  const dash = html`<span>-</span>`;
  const groups = (code: string) => code.split('-').flatMap((group, index) => (index === 0 ? [group] : [dash, group]));
  return html`<ol class="codes" translate="no">${codes.map((code) => html`<li><code>${groups(code)}</code></li>`)}</ol>`;
}

/** The secret in groups of four. The gaps are only style, so the copied text has no spaces. */
export function secretBlock(secret: string): Html {
  const groups = secret.match(/.{1,4}/g) ?? [];
  return html`<p class="secret" translate="no"><code>${groups.map((group) => html`<span>${group}</span><wbr>`)}</code></p>`;
}

/** A QR code, black on white in every colour scheme. `svg` is our own drawing, never a person's input. */
export function qr(svg: string, alt: string): Html {
  return html`<div class="qr" role="img" aria-label="${alt}">${raw(svg)}</div>`;
}

type Step = { readonly title: Content; readonly body: Content };

/** Numbered steps. A `qr` in a step moves to the right of the list if there is space. */
export function steps(items: readonly Step[]): Html {
  return html`<ol class="steps">${items.map(
    ({ title, body }) => html`<li><h2>${title}</h2>
${body}</li>`,
  )}</ol>`;
}

export type DoorState = 'ahead' | 'here' | 'open';
export type Doors = { readonly first: DoorState; readonly second: DoorState; readonly label: string };

/**
 * The progress of the sign-in in words, and without the gate (`parts/gate.ts`) as two arches: outlined (ahead), half
 * (here) or filled (open).
 */
export function doors({ first, second, label }: Doors, hasArches: boolean): Html {
  return html`<p class="doors">${hasArches && arches(first, second)}<span>${label}</span></p>`;
}

function arches(first: DoorState, second: DoorState): Html {
  return html`<svg viewBox="0 0 54 30" width="54" height="30" fill="none" stroke="currentColor" aria-hidden="true" focusable="false">
${arch(first, 1)}${arch(second, 30)}</svg>`;
}

/** 23 wide with its stroke. Its foot is on the bottom line of the drawing. */
function arch(state: DoorState, x: number): Html {
  const outline = `M${x} 30V12a11 11 0 0 1 22 0v18`;
  const half = state === 'here' && html`<path class="leaf" d="M${x} 30V12a11 11 0 0 1 11-11v29z"/>`;
  return html`<g class="${state}"><path d="${outline}"/>${half}</g>`;
}
