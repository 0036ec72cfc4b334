import type { z } from 'zod';
import { isRefusal, type Refusal } from '#core/values/result.ts';
import { showRefusal } from '#http/problem.ts';
import type { PageCall, PageGuard, PageRoute } from '#http/route.ts';
import type { View } from '#ui/view.ts';
import { type Reply, show } from './reply.ts';

/** A request for the page of an act, or its form. */
export type ActCall<G extends PageGuard> = PageCall<G, unknown>;

/** The fields of the form: as sent, as restored after a step-up, or none. */
export type Fields = Readonly<Record<string, string | undefined>>;

type ActPages<G extends PageGuard, Subject> = {
  readonly path: string;
  readonly guard: G;
  readonly form?: z.ZodType<Fields>;
  /** The fields that are restored when the form was sent too late after a proof. */
  readonly keeps?: readonly string[];
  /** The subject of the act; undefined if it does not exist or the person may not see it. */
  readonly find: (call: ActCall<G>) => Promise<Subject | undefined>;
  readonly missing: (view: View) => Reply;
  /** The page to redirect to, if there is nothing to confirm. */
  readonly elsewhere?: (call: ActCall<G>, subject: Subject) => Reply | undefined;
  /** The question and its button, with the typed fields and the refusal. */
  readonly draw: (call: ActCall<G>, subject: Subject, typed: Fields, refusal?: Refusal) => Drawn | Promise<Drawn>;
  /** Performs the act, once per form, and returns the next page. */
  readonly act: (call: ActCall<G>, subject: Subject, typed: Fields) => Promise<Reply | Refusal>;
  /** The page after a refusal; undefined or absent: the form's page with the refusal on it. */
  readonly refused?: (call: ActCall<G>, subject: Subject, refusal: Refusal) => Reply | undefined | Promise<Reply>;
};

type Drawn = { toString(): string };

/** The two routes of an act on a page: the question, and the form that its button sends. */
export function actPages<const G extends PageGuard, Subject>(pages: ActPages<G, Subject>): readonly PageRoute[] {
  const { path, guard, form, keeps = [] } = pages;
  const ask = async (call: ActCall<G>): Promise<Reply> => {
    const subject = await pages.find(call);
    if (subject === undefined) return pages.missing(call.view);
    return pages.elsewhere?.(call, subject) ?? show(await pages.draw(call, subject, call.view.restored ?? {}));
  };
  const act = async (call: PageCall<G, Fields | undefined>): Promise<Reply> => {
    const subject = await pages.find(call);
    if (subject === undefined) return pages.missing(call.view);
    const typed = call.input ?? {};
    const outcome = await pages.act(call, subject, typed);
    if (!isRefusal(outcome)) return outcome;
    const elsewhere = await pages.refused?.(call, subject, outcome);
    return elsewhere ?? showRefusal(await pages.draw(call, subject, typed, outcome), outcome);
  };
  return [
    { channel: 'page', method: 'GET', path, guard, form: undefined, keeps: [], handle: ask },
    { channel: 'page', method: 'POST', path, guard, form, keeps, handle: act },
  ];
}
