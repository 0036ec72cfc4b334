import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Act, act, assertRefused, type Events, type On, pick } from './act.ts';
import { codesWait, isLiveSession, type Model } from './model.ts';
import type { Real } from './real.ts';
import type { Browser, Session } from './rows.ts';

/** A browser with a live session that is not held up by unsaved codes. */
export type Inside = { readonly browser: Browser; readonly session: Session } & On;

export function inside<Args extends object>(
  name: string,
  args: fc.Arbitrary<Args>,
  run: (model: Model, real: Real, on: Args & Inside) => Promise<Events>,
  suits: (session: Session) => boolean = () => true,
): fc.Arbitrary<Act> {
  return act({
    name,
    args: fc.tuple(args, fc.constantFrom(0, 1)).map(([given, at]) => ({ ...given, at })),
    check: (model) => browsersInside(model, suits).length > 0,
    run: (model, real, given) => {
      const browser = pick(browsersInside(model, suits), given.at);
      assert(browser?.session);
      return run(model, real, { ...given, browser, session: browser.session });
    },
  });
}

function browsersInside(model: Readonly<Model>, suits: (session: Session) => boolean): readonly Browser[] {
  return model.browsers.filter(
    ({ session }) => isLiveSession(model, session) && !codesWait(model, session) && suits(session),
  );
}

export function refusedForStepUp(answer: Parameters<typeof assertRefused>[0]): Events {
  assertRefused(answer, ['step_up_required']);
  return [];
}
