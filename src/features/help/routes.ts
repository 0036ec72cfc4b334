import { show } from '#http/pages/reply.ts';
import { page } from '#http/route.ts';
import { ARTICLE_NAMES } from './articles/article.ts';
import { articlePage, helpIndexPage } from './pages.ts';

export const helpRoutes = [
  page({
    method: 'GET',
    path: '/help',
    guard: 'public',
    handle: ({ view }) => show(helpIndexPage(view)),
  }),
  ...ARTICLE_NAMES.map((name) =>
    page({
      method: 'GET',
      path: `/help/${name}`,
      guard: 'public',
      handle: ({ view }) => show(articlePage(view, name)),
    }),
  ),
];
