import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RefusalCode } from '#core/values/result.ts';
import { statusOf } from '#http/problem.ts';
import type { Answer, ApiAnswer } from '../world.ts';
import { agree } from './agreement.ts';
import { isLivePending, type Model } from './model.ts';
import type { NodeIndex, Real } from './real.ts';
import type { Browser, Pending, Person } from './rows.ts';

/** The success events that an act must log: each once, and no other. */
export type Events = readonly string[];

export type Run<Args> = (model: Model, real: Real, args: Args & On) => Promise<Events>;

/** The node that gets the request. Its answer must hold on the other node at once. */
export type On = { readonly node: NodeIndex };

type Kind<Args> = {
  readonly name: string;
  readonly args: fc.Arbitrary<Args>;
  /** Whether the act is possible. An act that must be refused is possible too. */
  readonly check?: (model: Readonly<Model>, args: Args) => boolean;
  readonly run: Run<Args>;
};

export type Act = fc.AsyncCommand<Model, Real>;

/** An act, and its relative frequency. */
export type Drawn = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Act> };

/** One verb of the service as a fast-check command, on either node. */
export function act<Args extends object>({ name, args, check, run }: Kind<Args>): fc.Arbitrary<Act> {
  return fc.tuple(args, fc.constantFrom<NodeIndex>(0, 1)).map(([given, node]) => ({
    check: (model) => check?.({ ...model, now: model.now + 1 }, given) ?? true,
    async run(model, real) {
      // Every act takes a second, so that rows of two acts differ in age.
      model.now += 1;
      model.acts += 1;
      real.clock.at = model.now;
      const events = [...(await run(model, real, { ...given, node })), ...model.trust.ended.splice(0)];
      model.successes.push(...events);
      await real.settle(node);
      await agree(model, real, { node: node === 0 ? 1 : 0, events });
    },
    toString: () => `${name} ${JSON.stringify({ ...given, node })}`,
  }));
}

/** One of three people, or an invited person. Sequences go deeper if most of their acts belong to one person. */
export const someone = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2, 3));

type PersonAct = (model: Model, real: Real, on: On & { readonly person: Person }) => Promise<Events>;

/** An act on one of them by someone else. */
export function onPerson(
  name: string,
  run: PersonAct,
  suits: (person: Person, model: Readonly<Model>) => boolean = () => true,
): fc.Arbitrary<Act> {
  const suiting = (model: Readonly<Model>) => model.people.filter((person) => suits(person, model));
  return act({
    name,
    args: fc.record({ person: someone }),
    check: (model) => suiting(model).length > 0,
    run: (model, real, { person: index, node }) => {
      const people = suiting(model);
      const person = people[index % people.length];
      assert(person);
      return run(model, real, { node, person });
    },
  });
}

export function isColleague({ isStaff }: Person): boolean {
  return !isStaff;
}

/** A position in a list, counted from the newest. Old ones are drawn too. */
export const ordinal = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(7));

export function pick<T>(list: readonly T[], index: number): T | undefined {
  return list.at(-1 - (index % Math.max(1, list.length)));
}

/** A place to try a second factor: an API token, dead or live, or a browser on its page. */
export type OpenStep = { readonly pending: Pending; readonly browser: Browser | undefined };

export function openStepsOf(model: Readonly<Model>): readonly OpenStep[] {
  return model.pendings.flatMap((pending): OpenStep[] => {
    if (pending.channel === 'api') return [{ pending, browser: undefined }];
    const browser = model.browsers.find((one) => one.pending === pending);
    return browser && isLivePending(model, pending) ? [{ pending, browser }] : [];
  });
}

/** The newest suitable step by default. The first draw is suitable in most cases. */
export function pickOpenStep(model: Readonly<Model>, which: number, suits: (pending: Pending) => boolean): OpenStep {
  const openSteps = openStepsOf(model);
  const suiting = openSteps.filter(({ pending }) => isLivePending(model, pending) && suits(pending));
  const openStep = pick(which === 0 && suiting.length > 0 ? suiting : openSteps, which);
  assert(openStep);
  return openStep;
}

/** A call was refused with one of these codes, or a page with its status. */
export function assertRefused(answer: Answer | ApiAnswer, codes: readonly RefusalCode[]): void {
  const said = 'body' in answer ? answer.body.code : undefined;
  assert.ok(
    codes.some((code) => statusOf(code) === answer.status && (said === undefined || said === code)),
    `answered ${answer.status} ${said ?? ''}, and the model says ${codes.join(' or ')}`,
  );
}
