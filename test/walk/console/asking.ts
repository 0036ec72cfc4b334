import assert from 'node:assert/strict';
import { z } from 'zod';
import { plain } from '../../story.ts';
import { openWorld, type World } from '../../world.ts';
import { FORMS, type Ready } from '../forms.ts';
import type { Row } from '../walk.ts';

/** A page with the form of an act: what is read before the button is pressed. */
export type Asking = {
  readonly world: World;
  readonly ready: Ready;
  /** The text of the page's own part, without the bar above it. */
  readonly text: string;
  /** The form alone, with its button. */
  readonly form: string;
  /** The title of the page, or of the part of the page that holds the form. */
  readonly heading: string;
  readonly button: string;
};

/** How many people, partners or things, in figures or in words. How many sessions does not say how many people. */
export const COUNT =
  /\b(?:\d[\d,]*|[Oo]ne|[Nn]o|[Aa]ll \d+) (?:[\w-]+ ){0,2}(?:person|people|partners?|rows?|invitations?|devices?|browsers?)\b|[Nn]o one (?:is|has)\b/;

export async function openAsking(t: Parameters<typeof openWorld>[0], path: string): Promise<Asking> {
  const world = await openWorld(t);
  const ready = await FORMS[path]?.(world);
  assert.ok(ready, `the walk knows ${path}`);
  const { text, status } = await ready.browser.get(ready.from ?? ready.action);
  assert.equal(status, 200);
  const main = (/<main[\s\S]*<\/main>/.exec(text)?.[0] ?? '').replace(
    /<header[\s\S]*?<\/header>|<nav[\s\S]*?<\/nav>/g,
    '',
  );
  const [before = '', form = ''] = around(main, ready.action);
  const button = plain(/<button type="submit"[^>]*>([\s\S]*?)<\/button>/.exec(form)?.[1] ?? '');
  const headings = Array.from(before.matchAll(/<h[12]>([\s\S]*?)<\/h[12]>/g), ([, words = '']) => plain(words));
  const heading = headings.findLast((words) => words === button) ?? headings.at(-1) ?? '';
  return { world, ready, text: plain(main), form, heading, button };
}

function around(main: string, action: string): readonly string[] {
  const start = main.indexOf(`<form method="post" action="${action}"`);
  if (start < 0) return [main];
  return [main.slice(0, start), main.slice(start).split('</form>')[0] ?? ''];
}

/** The words of a page that says what the act will do. A reset and an unlock are what they do. */
export const CONSEQUENCE = /\b(?:will|won’t|We’ll|You’ll|Removes all|Clears)\b/;

/** The names of everything in this world that has one: a heading must contain one of them. */
export async function namesIn({ env }: World): Promise<readonly string[]> {
  const { read } = env.db;
  const named = (table: 'users' | 'partners' | 'api_keys' | 'oidc_clients') =>
    read.selectFrom(table).select('name').execute();
  const rows = [
    ...(await named('users')),
    ...(await named('partners')),
    ...(await named('api_keys')),
    ...(await named('oidc_clients')),
  ];
  const webhooks = await read.selectFrom('webhooks').select('url').execute();
  return [...rows.map(({ name }) => name), ...webhooks.map(({ url }) => new URL(url).host)];
}

/** Whether the act is on everything of a partner, of a job or of a list: then its page counts. */
export function isOnMany(path: string): boolean {
  return (
    /\/partners\/:partner\/|\/:job\/|\/:list|\/remind(?:ers)?$|-(?:all|others)$/.test(path) && !path.includes(':person')
  );
}

/** Whether the form has a field for the reason. */
export function takesReason({ route }: Row): boolean {
  if (route === undefined || !('form' in route)) return false;
  return route.form instanceof z.ZodObject && 'reason' in route.form.shape;
}

/** Everything that was written down: the details of events, and the reasons of jobs. */
export async function writtenIn(world: World): Promise<string> {
  const jobs = await world.env.db.read.selectFrom('bulk_jobs').select('reason').execute();
  return JSON.stringify([await world.events(), jobs]);
}
