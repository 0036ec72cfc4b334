import { raw, html as tagged } from 'hono/html';

/** Markup that is ready to be sent. */
export type Html = ReturnType<typeof raw>;

/** What may stand inside markup: markup as it is, text escaped, `undefined` and `false` as nothing. */
export type Content = ReturnType<typeof tagged> | string | number | false | undefined | readonly Content[];

/** `hono/html` for pages that have everything at hand: nothing is awaited while a page is drawn. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const drawn = tagged(strings, ...values);
  if (drawn instanceof Promise) throw new Error('a page must not contain a promise');
  return drawn;
}

/** Attributes with a leading space each; `false` and `undefined` leave one out, `true` writes its name alone. */
export function attributes(values: Readonly<Record<string, string | boolean | undefined>>): Html {
  const drawn = Object.entries(values).map(([name, value]) => {
    if (value === undefined || value === false) return '';
    return value === true ? raw(` ${name}`) : html` ${raw(name)}="${value}"`;
  });
  return html`${drawn}`;
}
