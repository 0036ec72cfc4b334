import type { Page } from '@playwright/test';
import { openVirtualAuthenticators, type VirtualAuthenticator } from '../virtual-authenticator.ts';
import { expect, heading, pressButton, type Site, signIn } from '../world.ts';

type Options = Parameters<Awaited<ReturnType<typeof openVirtualAuthenticators>>['add']>[0];

/** The only authenticator of this page. */
export async function addDevice(page: Page, options: Options = {}): Promise<VirtualAuthenticator> {
  return (await openVirtualAuthenticators(page)).add(options);
}

/** A person with a passkey on this device as the only authenticator, signed in, and the recovery codes. */
export async function enrollWithPasskey(page: Page, site: Site, policy: 'required' | 'optional' = 'required') {
  const person = await site.newPerson({ policy });
  await signIn(page, person.email);
  await pressButton(page, 'Get Started');
  await pressButton(page, 'Create a passkey');
  const codes = await saveCodes(page);
  return { ...person, codes };
}

/** From the recovery codes to Done. */
export async function saveCodes(page: Page): Promise<readonly string[]> {
  await expect(heading(page)).toHaveText('Save your recovery codes');
  const codes = await page.locator('ol.codes li').allInnerTexts();
  await page.getByLabel('I have saved these recovery codes').check();
  await pressButton(page, 'Done');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  return codes;
}

export async function isSignedIn(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
}

/** As in a browser that offers passkeys in a dialog alone: else a virtual device answers as soon as it is touched. */
export async function withoutAutofill(page: Page): Promise<void> {
  await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
}

/** Signs out, and keeps the sign-in page from using the passkey by itself: nobody touches the device. */
export async function leave(page: Page, device: VirtualAuthenticator): Promise<void> {
  await device.setTouched(false);
  await pressButton(page, 'Sign out');
  await expect(heading(page)).toHaveText('Sign in');
}

/** Opens a page as a person who picks the passkey in the list of the email field: the device answers at once. */
export async function openTouched(page: Page, device: VirtualAuthenticator, path: string): Promise<void> {
  // The page of before also waits for an answer of the device, and must not get this one.
  await page.goto('about:blank');
  await device.setTouched(true);
  // The device can answer before the page has loaded, and the next page begins.
  await page.goto(path, { waitUntil: 'commit' });
}
