import { raw, html as tagged } from 'hono/html';

/** Safe markup, ready to send. */
export type Html = ReturnType<typeof raw>;

/** Values allowed inside markup. Markup stays as it is, text is escaped, `undefined` and `false` draw nothing. */
export type Content = ReturnType<typeof tagged> | string | number | false | undefined | readonly Content[];

/** `hono/html` for pages without asynchronous parts. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const drawn = tagged(strings, ...values);
  if (drawn instanceof Promise) throw new Error('a page must not contain a promise');
  return drawn;
}

/** Attributes, each with a leading space. `false` and `undefined` omit one, `true` writes only its name. */
export function attributes(values: Readonly<Record<string, string | boolean | undefined>>): Html {
  const drawn = Object.entries(values).map(([name, value]) => {
    if (value === undefined || value === false) return '';
    return value === true ? raw(` ${name}`) : html` ${raw(name)}="${value}"`;
  });
  return html`${drawn}`;
}
