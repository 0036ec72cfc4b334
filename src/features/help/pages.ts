import { layout } from '#ui/layout.ts';
import { type Content, type Html, html } from '#ui/parts/html.ts';
import { contactLink } from '#ui/parts/text.ts';
import type { View } from '#ui/view.ts';
import { ARTICLE_NAMES, type ArticleName, type Block, type Items, type Section } from './articles/article.ts';
import { handbookOf } from './articles/handbooks.ts';

/** The marks inside a text: `**control**`, `[words](/path)`, `{value}`. */
const MARK = /\*\*(?<control>[^*]+)\*\*|\[(?<words>[^\]]+)\]\((?<href>[^)]+)\)|\{(?<value>product|address|contact)\}/g;

export function helpIndexPage(view: View): Html {
  const handbook = handbookOf(view.locale);
  const articles = ARTICLE_NAMES.map((name) => {
    const { title, summary } = handbook[name];
    return html`<li><div><h2><a href="/help/${name}">${title}</a></h2><div class="value">${summary}</div></div></li>`;
  });
  return layout(view, {
    title: view.t('help.index.title'),
    width: 'wide',
    body: html`<p class="lead">${view.t('help.index.lead')}</p>
<h2>${view.t('help.symptoms')}</h2>
${contents(handbook.troubleshooting.sections, '/help/troubleshooting')}
<ul class="rows">${articles}</ul>`,
  });
}

export function articlePage(view: View, name: ArticleName): Html {
  const { title, summary, sections } = handbookOf(view.locale)[name];
  return layout(view, {
    title,
    width: 'wide',
    body: html`<p class="lead">${summary}</p>
<nav aria-label="${view.t('help.onThisPage')}">${contents(sections)}</nav>
${sections.map((section) => drawSection(view, section))}
<p><a href="/help">${view.t('help.all')}</a></p>`,
  });
}

function contents(sections: readonly Section[], path = ''): Html {
  return html`<ul>${sections.map(({ anchor, heading }) => html`<li><a href="${path}#${anchor}">${heading}</a></li>`)}</ul>`;
}

function drawSection(view: View, { anchor, heading, blocks }: Section): Html {
  return html`<h2 id="${anchor}">${heading}</h2>
${blocks.map((block) => drawBlock(view, block))}`;
}

function drawBlock(view: View, block: Block): Html {
  if (typeof block === 'string') return html`<p>${drawText(view, block)}</p>`;
  return html`${block.title !== undefined && html`<h3>${block.title}</h3>`}${drawItems(view, block)}`;
}

function drawItems(view: View, items: Items): Html {
  const draw = (texts: readonly string[]) => texts.map((text) => html`<li>${drawText(view, text)}</li>`);
  return 'steps' in items ? html`<ol>${draw(items.steps)}</ol>` : html`<ul>${draw(items.points)}</ul>`;
}

function drawText(view: View, text: string): Content {
  const drawn: Content[] = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    drawn.push(text.slice(end, match.index), drawMark(view, match.groups ?? {}));
    end = match.index + match[0].length;
  }
  return [...drawn, text.slice(end)];
}

function drawMark(view: View, { control, words, href, value }: Record<string, string | undefined>): Content {
  if (control !== undefined) return html`<b>${control}</b>`;
  if (href !== undefined) return html`<a href="${href}">${words}</a>`;
  if (value === 'product') return view.brand.issuer;
  // With the slash, because `https://portal.example.evil.test` also begins like our address.
  if (value === 'address') return html`<code>${view.config.publicUrl.origin}/</code>`;
  return contactLink(view.brand) ?? view.t('help.contact');
}
