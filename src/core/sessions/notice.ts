/** A message to a signed-in person on the next page. */
export type Notice =
  | { readonly kind: 'recovery_code_used'; readonly left: number }
  | { readonly kind: 'few_codes_left'; readonly left: number }
  | {
      readonly kind:
        | ('authenticator_added' | 'authenticator_replaced' | 'authenticator_removed')
        | ('app_added' | 'app_removed' | 'first_passkey' | 'passkey_added' | 'passkey_removed');
      readonly ended: number;
    }
  | { readonly kind: 'password_changed' | 'codes_changed' | 'email_changed'; readonly ended: number }
  | { readonly kind: 'sessions_ended'; readonly ended: number }
  | { readonly kind: 'email_requested' };

export function noticeText(notice: Notice): string {
  return JSON.stringify(notice);
}

/** @param text from `noticeText`: nothing else writes that column */
export function noticeOf(text: string | undefined): Notice | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Notice);
}
