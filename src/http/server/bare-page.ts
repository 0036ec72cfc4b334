import { type ProblemCode, statusOf } from '#http/problem.ts';
import type { ServerContext } from '#http/server-context.ts';
import { negotiateLocale, translator } from '#messages/messages.ts';
import { barePage } from '#ui/layout.ts';

/** What the raw checks refuse and a person in a browser meets: the wrong address, and too many cookies. */
const SHOWN = ['misdirected_request', 'headers_too_large'] as const;

/** A page for a request of which only the headers were read, or `undefined` where a program gets a problem. */
export function rawRefusalPage(
  { env, site }: ServerContext,
  refused: ProblemCode,
  acceptLanguage: string | undefined,
): string | undefined {
  const code = SHOWN.find((shown) => shown === refused);
  if (code === undefined) return undefined;
  const locale = negotiateLocale(acceptLanguage);
  const t = translator(locale);
  const title = t(`error.${code}.title`);
  const text = t(`error.${code}.text`, { address: site.origin });
  const action = { href: `${site.origin}/`, label: site.origin };
  return String(barePage({ config: env.config, locale, t }, { status: statusOf(code), title, text, action }));
}
