/**
 * Files of `src` with fewer than 25 lines, each with the reason to be separate. The list only shrinks: a new small file
 * joins the file of its noun, and one that has grown or was deleted is removed.
 */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  'a rule of core that nothing else belongs to': [
    'core/authenticators/access-code.ts',
    'core/authenticators/code-input.ts',
    'core/authenticators/typed-code.ts',
    'core/limits/backoff.ts',
    'core/limits/freeze.ts',
    'core/limits/refusal-counts.ts',
    'core/limits/request-rate.ts',
    'core/sessions/notice.ts',
    'core/time/spans.ts',
    'core/values/cursor.ts',
    'core/values/idempotency.ts',
    'core/values/token.ts',
  ],
  'the statements of one table': [
    'store/authenticators/clock-offsets.ts',
    'store/oidc/signing-keys.ts',
    'store/queue/webhook-queue.ts',
  ],
  'the routes or the pages of a feature, which have a file of that name': [
    'features/help/routes.ts',
    'features/management/routes.ts',
    'features/openid/routes.ts',
    'features/way-on/pages.ts',
    'features/way-on/routes.ts',
  ],
  'commands of one group, loaded when it is typed': [
    'cli/administration/staff.ts',
    'cli/operations/config.ts',
    'cli/operations/demo.ts',
    'cli/operations/routes.ts',
  ],
  'the one place that knows a package, a folder or another process': [
    'config/root.ts',
    'flows/runtime/openid-successor.ts',
    'http/typed.ts',
    'telemetry/metrics-server.ts',
    'telemetry/sum.ts',
    'ui/parts/html.ts',
    'ui/qr.ts',
    'workers/server.ts',
    'workers/talk.ts',
  ],
  'one thing that several files of its folder share': [
    'cli/doctor/finding.ts',
    'cli/path.ts',
    'features/management/shared-api.ts',
    'features/openid/live.ts',
    'features/openid/our-params.ts',
    'flows/sign-in/mfa-state.ts',
    'http/protocols/site-answer.ts',
    'http/server/request-id.ts',
    'store/engine/event-ids.ts',
    'store/sessions/granted.ts',
    'wire/answers.ts',
  ],
  'one act that nothing else belongs to': [
    'features/operate/backup.ts',
    'features/operate/first-administrator.ts',
    'flows/sign-in/sign-out.ts',
  ],
};

export const SMALL_FILES: readonly string[] = Object.values(REASONS)
  .flat()
  .map((path) => `src/${path}`);
