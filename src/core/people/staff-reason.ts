import { STAFF_REASON_LENGTH } from '#core/audit/detail.ts';
import type { StaffReason } from '#core/audit/values.ts';
import { cutPastCap } from '#core/values/text.ts';

/** The typed reason, fit to be kept: trimmed, on one line, cut at {@link STAFF_REASON_LENGTH}; `undefined` when nothing is left. */
export function staffReason(typed: string): StaffReason | undefined {
  const text = cutPastCap('reason', typed)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const reason = text.slice(0, STAFF_REASON_LENGTH).toWellFormed();
  return isStaffReason(reason) ? reason : undefined;
}

function isStaffReason(text: string): text is StaffReason {
  return text !== '' && text.length <= STAFF_REASON_LENGTH;
}
