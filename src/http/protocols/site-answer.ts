import { policyWith } from '#http/headers.ts';
import { type Problem, problemBody, problemHeaders, statusOf } from '#http/problem.ts';
import type { RawReply } from '#http/route.ts';

/** A page of ours on a protected host. It sets no cookie of ours and runs no script. */
export function sitePage(html: { toString(): string }, status: number): RawReply {
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policyWith() };
  return { status, headers, raw: html.toString() };
}

/** A refusal for a proxy, or for a program behind one. */
export function siteProblem(refusal: Problem, requestId: string): RawReply {
  const headers = { 'content-type': 'application/problem+json', ...problemHeaders(refusal) };
  return { status: statusOf(refusal.refused), headers, raw: problemBody(refusal, requestId) };
}
