import { html, raw } from 'hono/html';
import { palette } from '#core/brand/palette.ts';
import type { Words } from './words.ts';

type Dress = { readonly locale: string; readonly product: string; readonly hue: number };

/**
 * The HTML of a mail: no table, image or script, nothing external, no read tracking. Each element has its own colours,
 * for programs that drop the style sheet. The sheet only holds the dark scheme, which needs one. Lengths are in pixels
 * because mail programs set their own font sizes.
 */
export function mailHtml(words: Words, { locale, product, hue }: Dress): string {
  const light = palette('light', hue);
  const style = (declarations: string) => raw(` style="${declarations}"`);
  const small = style(`margin:0 0 16px;color:${light.quiet};font-size:14px;line-height:21px`);
  const facts = words.facts.map(
    ([label, value]) => html`<span class="quiet"${style(`color:${light.quiet}`)}>${label}:</span> ${value}<br>`,
  );
  return String(html`${raw('<!doctype html>')}
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>${words.subject}</title>
<style>${raw(sheet(hue))}</style>
</head>
<body class="paper"${style(`margin:0;padding:24px 12px;background:${light.paper};color:${light.ink};${FONT}`)}>
<div role="article" lang="${locale}" class="card"${style(`max-width:520px;margin:0 auto;padding:28px 24px;overflow-wrap:break-word;border:1px solid ${light.line};border-radius:14px;background:${light.card}`)}>
<p class="quiet"${style(`margin:0 0 20px;color:${light.quiet};font-size:14px;line-height:21px;font-weight:600`)}>${product}</p>
<h1${style('margin:0 0 12px;font-size:22px;line-height:28px;font-weight:650')}>${words.subject}</h1>
<p${style(TEXT)}>${words.text}</p>
${facts.length > 0 && html`<p class="facts"${style(`${TEXT};padding:12px 16px;border-radius:10px;background:${light.wash}`)}>${facts}</p>`}
<p${style('margin:24px 0')}><a class="button" href="${words.action.href}"${style(`display:inline-block;padding:12px 22px;border-radius:10px;background:${light.accent};color:${light.onAccent};font-weight:600;text-decoration:none`)}>${words.action.label}</a></p>
<p${style(TEXT)}>${words.after}</p>
<p class="quiet"${small}>${words.action.label}:<br><a class="link" href="${words.action.href}"${style(`color:${light.accent};overflow-wrap:anywhere;word-break:break-word`)}>${words.action.href}</a></p>
<p class="quiet line"${style(`margin:24px 0 0;padding:16px 0 0;border-top:1px solid ${light.line};color:${light.quiet};font-size:14px;line-height:21px`)}>${words.closing}</p>
</div>
</body>
</html>
`);
}

const FONT = "font:16px/24px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif";
const TEXT = 'margin:0 0 16px';

function sheet(hue: number): string {
  const dark = palette('dark', hue);
  return `:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.paper{background:${dark.paper}!important;color:${dark.ink}!important}
.card{background:${dark.card}!important;border-color:${dark.line}!important}
.quiet{color:${dark.quiet}!important}
.facts{background:${dark.wash}!important}
.line{border-color:${dark.line}!important}
.link{color:${dark.accent}!important}
.button{background:${dark.accent}!important;color:${dark.onAccent}!important}
}`;
}
