/**
 * The modules that the proof hooks. Only their types are imported here, because a module that is loaded before the
 * hooks are set stays unchanged. A hook imports what it needs when it is called.
 */
export type Modules = {
  'core/authenticators/passkeys/passkey.ts': typeof import('#core/authenticators/passkeys/passkey.ts');
  'core/limits/try-window.ts': typeof import('#core/limits/try-window.ts');
  'core/sessions/trusted-device.ts': typeof import('#core/sessions/trusted-device.ts');
  'flows/authenticators/check-one-time-code.ts': typeof import('#flows/authenticators/check-one-time-code.ts');
  'flows/runtime/append-event.ts': typeof import('#flows/runtime/append-event.ts');
  'flows/sign-in/reserve-try.ts': typeof import('#flows/sign-in/reserve-try.ts');
  'store/authenticators/access-codes.ts': typeof import('#store/authenticators/access-codes.ts');
  'store/authenticators/authenticators.ts': typeof import('#store/authenticators/authenticators.ts');
  'store/authenticators/passkeys.ts': typeof import('#store/authenticators/passkeys.ts');
  'store/authenticators/recovery-codes.ts': typeof import('#store/authenticators/recovery-codes.ts');
  'store/engine/corrections.ts': typeof import('#store/engine/corrections.ts');
  'store/engine/instants.ts': typeof import('#store/engine/instants.ts');
  'store/engine/postgres/driver.ts': typeof import('#store/engine/postgres/driver.ts');
  'store/engine/sqlite/driver.ts': typeof import('#store/engine/sqlite/driver.ts');
  'store/people/email-links.ts': typeof import('#store/people/email-links.ts');
  'store/people/links.ts': typeof import('#store/people/links.ts');
  'store/sign-in/trusted-devices.ts': typeof import('#store/sign-in/trusted-devices.ts');
};

/** Replaces what a file exports under this name. */
export type Hook = { readonly file: string; readonly name: string; readonly wrap: (original: never) => unknown };

/** A path or name that the product does not have fails to compile, and aborts the start of the service. */
export function hook<File extends keyof Modules, Name extends string & keyof Modules[File]>(
  file: File,
  name: Name,
  wrap: (original: Modules[File][Name]) => Modules[File][Name],
): Hook {
  return { file, name, wrap };
}
