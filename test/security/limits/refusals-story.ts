import { closeOverRefusals, flushRefusals } from '#features/operate/refusals.ts';
import { REFUSAL_WINDOW_SECONDS } from '#flows/sign-in/note-refusal.ts';
import type { World } from '../../world.ts';
import { MINUTE } from './limits-story.ts';

export const ADDRESS = '203.0.113.5';

type Event = Awaited<ReturnType<World['events']>>[number];

/** The window passes, and the service writes its counted refusals. */
export async function windowIsOver(world: World): Promise<void> {
  await flushRefusals(world.env);
  world.clock.at += REFUSAL_WINDOW_SECONDS + MINUTE;
  await closeOverRefusals(world.env);
}

export async function refused(world: World, action: string, reason: string): Promise<readonly Event[]> {
  return (await world.events()).filter((event) => event.action === action && event.detail.reason === reason);
}

/** The number of refusals in the events: those with their own event, and the counted ones. */
export function told(events: readonly Event[]): number {
  return events.reduce((sum, { detail }) => sum + Number(detail.repeated ?? 1), 0);
}
