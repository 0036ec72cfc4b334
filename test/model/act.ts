import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { RefusalCode } from '#core/values/result.ts';
import { statusOf } from '#http/problem.ts';
import type { Answer, ApiAnswer } from '../world.ts';
import { agree } from './agreement.ts';
import { isLivePending, type Model } from './model.ts';
import type { NodeIndex, Real } from './real.ts';
import type { Browser, Pending, Person } from './rows.ts';

/** The events of success that an act has to leave in the audit log: each once, and no other. */
export type Events = readonly string[];

export type Run<Args> = (model: Model, real: Real, args: Args & On) => Promise<Events>;

/** The node that is asked; what it answered has to hold on the other one at once. */
export type On = { readonly node: NodeIndex };

type Kind<Args> = {
  readonly name: string;
  readonly args: fc.Arbitrary<Args>;
  /** Whether the act makes sense; what has to be refused does. */
  readonly check?: (model: Readonly<Model>, args: Args) => boolean;
  readonly run: Run<Args>;
};

export type Act = fc.AsyncCommand<Model, Real>;

/** An act, and how often it is drawn beside the others. */
export type Drawn = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Act> };

/** One verb of the service as a command of fast-check, on either node. */
export function act<Args extends object>({ name, args, check, run }: Kind<Args>): fc.Arbitrary<Act> {
  return fc.tuple(args, fc.constantFrom<NodeIndex>(0, 1)).map(([given, node]) => ({
    check: (model) => check?.({ ...model, now: model.now + 1 }, given) ?? true,
    async run(model, real) {
      // Every act takes a moment: rows made by two of them have an age that differs.
      model.now += 1;
      model.acts += 1;
      real.clock.at = model.now;
      const events = await run(model, real, { ...given, node });
      model.successes.push(...events);
      await real.settle(node);
      await agree(model, real, { node: node === 0 ? 1 : 0, events });
    },
    toString: () => `${name} ${JSON.stringify({ ...given, node })}`,
  }));
}

/** One of three, or a person who was invited; sequences go deeper when most of their acts are of one person. */
export const someone = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constantFrom(1, 2, 3));

type PersonAct = (model: Model, real: Real, on: On & { readonly person: Person }) => Promise<Events>;

/** What is done to one of them by somebody else. */
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

/** Which of a list, counted from the newest; the old ones are drawn, too. */
export const ordinal = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(7));

export function pick<T>(list: readonly T[], index: number): T | undefined {
  return list.at(-1 - (index % Math.max(1, list.length)));
}

/** Where a second factor may be tried: with a token of the API, dead or live, or in a browser on its page. */
export type OpenStep = { readonly pending: Pending; readonly browser: Browser | undefined };

export function openStepsOf(model: Readonly<Model>): readonly OpenStep[] {
  return model.pendings.flatMap((pending): OpenStep[] => {
    if (pending.channel === 'api') return [{ pending, browser: undefined }];
    const browser = model.browsers.find((one) => one.pending === pending);
    return browser && isLivePending(model, pending) ? [{ pending, browser }] : [];
  });
}

/** The newest step that suits the act, unless another one is meant; the first draw suits most. */
export function pickOpenStep(model: Readonly<Model>, which: number, suits: (pending: Pending) => boolean): OpenStep {
  const openSteps = openStepsOf(model);
  const suiting = openSteps.filter(({ pending }) => isLivePending(model, pending) && suits(pending));
  const openStep = pick(which === 0 && suiting.length > 0 ? suiting : openSteps, which);
  assert(openStep);
  return openStep;
}

/** A call was refused with one of these codes, or a page with the status of one. */
export function assertRefused(answer: Answer | ApiAnswer, codes: readonly RefusalCode[]): void {
  const said = 'body' in answer ? answer.body.code : undefined;
  assert.ok(
    codes.some((code) => statusOf(code) === answer.status && (said === undefined || said === code)),
    `answered ${answer.status} ${said ?? ''}, and the model says ${codes.join(' or ')}`,
  );
}
