import type { DoorState, Doors } from './codes.ts';
import { type Content, type Html, html } from './html.ts';

/**
 * The picture beside a sign-in: the passage between two gates. The outer gate stands half open at the first step, the
 * inner one at the second, and light falls in as far as the person has come. It says nothing that the words on the page
 * do not say, so a screen reader skips it.
 */
export function gate(doors: Doors | undefined): Html {
  const outer = doors?.first ?? 'ahead';
  const inner = doors?.second ?? 'ahead';
  return html`<div class="gate" aria-hidden="true"><svg viewBox="0 0 600 900" preserveAspectRatio="xMidYMax slice" focusable="false">
${DEPTHS.map((depth, index) => html`<path class="g${index + 1}" d="${opening(depth)}"/>`)}
<path class="floor" d="${floor()}"/>
<path class="light" d="${opening(INNER)}"/><path class="ray" d="${ray(inner)}"/>
${leaf(inner, INNER)}${leaf(outer, OUTER)}${outer !== 'open' && handles(outer)}</svg></div>`;
}

// The arches of the passage, each as a share of the nearest one. They shrink towards one point, as in a perspective drawing.
const DEPTHS = [1, 0.8, 0.62, 0.46, 0.33];
const [OUTER, INNER] = [0.8, 0.33];

/** The point where all lines of the passage meet, and the nearest arch: half its width, its foot, and where its curve begins. */
const CENTER = { x: 300, y: 600 };
const NEAREST = { half: 262, foot: 980, spring: 350 };

type Place = {
  readonly left: number;
  readonly right: number;
  readonly foot: number;
  readonly spring: number;
  readonly radius: number;
};

function place(depth: number): Place {
  const radius = round(NEAREST.half * depth);
  return {
    radius,
    left: CENTER.x - radius,
    right: CENTER.x + radius,
    foot: round(CENTER.y + (NEAREST.foot - CENTER.y) * depth),
    spring: round(CENTER.y - (CENTER.y - NEAREST.spring) * depth),
  };
}

function opening(depth: number): string {
  const { left, right, foot, spring, radius } = place(depth);
  return `M${left} ${foot}V${spring}A${radius} ${radius} 0 0 1 ${right} ${spring}V${foot}z`;
}

/** Both leaves of a gate, or the left one alone while its other half is open. */
function leaf(state: DoorState, depth: number): Content {
  if (state === 'open') return undefined;
  const half = leftHalf(depth);
  if (state === 'here') return html`<path class="leaf" d="${half}"/>`;
  return html`<path class="leaf" d="${half}"/><path class="leaf" d="${half}" transform="matrix(-1 0 0 1 ${2 * CENTER.x + GAP} 0)"/>`;
}

function handles(state: DoorState): Html {
  const y = CENTER.y - 10;
  return html`<circle class="handle" cx="${CENTER.x - 24}" cy="${y}" r="8"/>${state === 'ahead' && html`<circle class="handle" cx="${CENTER.x + 24 + GAP}" cy="${y}" r="8"/>`}`;
}

/** Between the leaves of a closed gate light comes through. */
const GAP = 9;

function leftHalf(depth: number): string {
  const { left, foot, spring, radius } = place(depth);
  return `M${left} ${foot}V${spring}A${radius} ${radius} 0 0 1 ${CENTER.x} ${spring - radius}V${foot}z`;
}

function floor(): string {
  const [near, far] = [place(1), place(INNER)];
  return `M${near.left} ${near.foot}L${far.left} ${far.foot}H${far.right}L${near.right} ${near.foot}z`;
}

/** The light on the floor: from the open part of the inner gate towards the person. */
function ray(inner: DoorState): string {
  const { left, right, foot } = place(INNER);
  const [from, to, near, far] = {
    ahead: [CENTER.x, CENTER.x + GAP, 288, 322],
    here: [CENTER.x, right, 250, 560],
    open: [left, right, 60, 560],
  }[inner];
  return `M${from} ${foot}H${to}L${far} ${NEAREST.foot}H${near}z`;
}

function round(value: number): number {
  return Math.round(value);
}
