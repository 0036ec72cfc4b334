import { DAY_SECONDS } from '#core/time/spans.ts';
/** The person behind a request or a decision: a key acts as the person who made it. */
export type Decider = {
  readonly id: string;
  /** The person who made this account; absent where nobody knows, or the operator did. */
  readonly createdBy: string | undefined;
  readonly createdAt: number;
};

/** For as long an account counts as its maker's: nobody makes an accomplice and lets it agree. */
const OWN_ACCOUNT_SECONDS = 30 * DAY_SECONDS;

/** Whether `other` may agree to what `asker` wants: another person, and neither has lately made the other's account. */
export function isSecondPerson(asker: Decider, other: Decider, now: number): boolean {
  return asker.id !== other.id && !hasMade(asker, other, now) && !hasMade(other, asker, now);
}

function hasMade(maker: Decider, made: Decider, now: number): boolean {
  return made.createdBy === maker.id && now < made.createdAt + OWN_ACCOUNT_SECONDS;
}
