import type { Article, Handbook } from './article.ts';
import { troubleshooting } from './en-troubleshooting.ts';

const setUp: Article = {
  title: 'Set up two-factor authentication',
  summary: 'Connect an authenticator app to your account. It takes about two minutes.',
  sections: [
    {
      anchor: 'before-you-start',
      heading: 'Before you start',
      blocks: [
        'You need your email address, your password and an authenticator app. The app can be on a phone, a tablet or a computer.',
        {
          title: 'Apps that work',
          points: [
            'Google Authenticator',
            'Microsoft Authenticator',
            '1Password, or another password manager that generates one-time codes',
          ],
        },
        'Any other app that generates 6-digit codes works, too. You don’t need a phone number, and the app needs no internet connection.',
        'Your company decides whether two-factor authentication is required for everyone. If you are not asked to set it up, you can start on your [security page](/security). To have it required for everyone at your company, contact {contact}.',
      ],
    },
    {
      anchor: 'connect-the-app',
      heading: 'Connect your app',
      blocks: [
        {
          steps: [
            'Go to the [sign-in page](/sign-in), enter your **Email** and **Password**, and select **Sign in**.',
            'On the page **Two-Factor Authentication**, select **Get Started**. You now see a QR code.',
            'Open your authenticator app and choose to add an account. Look for a plus sign.',
            'Point the app’s camera at the QR code. An entry called {product} appears in the app.',
          ],
        },
        'Finish within 10 minutes. After that, the page expires: sign in again to get a new QR code.',
      ],
    },
    {
      anchor: 'manual-code',
      heading: 'If you can’t scan the QR code',
      blocks: [
        'Are you reading this on the phone that has the app? Select **Open on this phone**. It opens the app for you.',
        {
          title: 'In all other cases',
          steps: [
            'Select **Try manual code**. A secret code of 32 letters and digits appears.',
            'Select **Copy**, or keep the page open to type the code.',
            'In your app, choose to add an account by hand. Apps call this “setup key” or “enter code”.',
            'Paste or type the code. You can leave out the spaces. If the app asks for a type, choose “time-based”.',
          ],
        },
        'Treat this code like a password: anyone who has it can generate your one-time codes.',
      ],
    },
    {
      anchor: 'confirm',
      heading: 'Confirm that it works',
      blocks: [
        'Your app now shows 6 digits. They are valid for 30 seconds, then the app shows new ones.',
        {
          steps: [
            'Type the digits that the app shows now into **Confirmation code**.',
            'Select **Verify**. Two-factor authentication is now active.',
          ],
        },
        'You are signed in right away and don’t need a second code this time. If the code is refused, see [my code is incorrect](/help/troubleshooting#code-incorrect).',
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Save your recovery codes',
      blocks: [
        'You get 10 recovery codes. They let you sign in when your phone or your app is gone. Each code works once.',
        {
          steps: [
            'Use **Copy**, **Download** or **Print** to save all 10 codes.',
            'Keep them away from the phone that has your app: in a password manager, or on paper in a safe place.',
            'Check **I have saved these recovery codes** and select **Done**.',
          ],
        },
        'After that, no one can show you these codes again, not even support. You can get new ones on your [security page](/security) at any time.',
      ],
    },
  ],
};

const howSignInWorks: Article = {
  title: 'How sign-in works',
  summary: 'What happens at each sign-in once two-factor authentication is active.',
  sections: [
    {
      anchor: 'two-doors',
      heading: 'Two steps, one after the other',
      blocks: [
        'Step 1 is your email and password. Step 2 is a code that only your authenticator app can generate. Someone who learns your password still can’t sign in without that code.',
        {
          steps: [
            'Enter your **Email** and **Password** on the [sign-in page](/sign-in), and select **Sign in**.',
            'Open your authenticator app and find the entry {product}.',
            'Type its 6 digits into **One-time code**, and select **Verify**. You are signed in.',
          ],
        },
        'We ask for the code at every sign-in, even on a computer you have used before, unless your company lets you trust a device and you have chosen to.',
      ],
    },
    {
      anchor: 'one-time-codes',
      heading: 'The one-time code',
      blocks: [
        {
          points: [
            'Each code is valid for 30 seconds. Then your app shows the next one.',
            'Each code works once. To sign in twice in a row, wait for the next one.',
            'You can paste the code. Spaces and dashes don’t matter.',
            'The app calculates the code from the time, so the time on your device must be right.',
          ],
        },
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'When you don’t have your app',
      blocks: [
        {
          steps: [
            'On the page that asks for the one-time code, select **Use a recovery code**.',
            'Type one of your saved codes into **Recovery code**. You can use them in any order.',
            'Select **Verify**.',
          ],
        },
        'That code no longer works, so cross it out. The next page tells you how many are left and lets you set up a new authenticator.',
      ],
    },
    {
      anchor: 'while-signed-in',
      heading: 'While you are signed in',
      blocks: [
        {
          points: [
            'You are signed out after an hour without activity, and after 24 hours at the latest. Our own staff are signed out sooner.',
            'Before you change your password, your authenticator or your recovery codes, we ask for another code.',
            'When you change your password or your authenticator, all your other sessions end. We tell you how many.',
            'Select **Sign out** when you leave a shared computer.',
          ],
        },
      ],
    },
  ],
};

const goodPractice: Article = {
  title: 'Good practice',
  summary: 'A few habits that keep your account safe and keep you from being locked out.',
  sections: [
    {
      anchor: 'app',
      heading: 'Choose an app you can rely on',
      blocks: [
        'Google Authenticator, Microsoft Authenticator and password managers such as 1Password are all good choices. Get the app from your phone’s own app store.',
        'Lock your phone with a code, a fingerprint or your face. If your app can back up its entries, turn that on. Losing your phone is then less of a problem.',
        'Do you have a second phone or a tablet? [Add another app](/security/authenticators) there. Then losing one device won’t lock you out.',
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Keep recovery codes away from your phone',
      blocks: [
        'If you lose both together, you are locked out. Use a password manager, or print the codes and lock them away.',
        {
          points: [
            'Don’t keep them as a photo or a note on the phone that has the app.',
            'Don’t send them by email or chat.',
            'Get new ones when 3 or fewer are left. We’ll remind you.',
            'Get new ones right away if someone else may have seen them. The old ones stop working.',
          ],
        },
      ],
    },
    {
      anchor: 'time',
      heading: 'Let your device set its own time',
      blocks: [
        'Codes depend on the time. If your clock is off by a minute, your codes are wrong. Leave automatic date and time turned on: [how to check](/help/troubleshooting#clock).',
      ],
    },
    {
      anchor: 'password',
      heading: 'Use a long password that you use nowhere else',
      blocks: [
        'Four or five unrelated words make a good password. You don’t need special characters, and you don’t have to change it regularly. A password manager can create and remember one for you.',
      ],
    },
    {
      anchor: 'never-share',
      heading: 'Never share a code',
      blocks: [
        {
          points: [
            'Enter codes only on pages whose address starts with {address}. Check the address bar first.',
            'Never read a code out over the phone, and never send one. Anyone who asks for it wants to get into your account.',
            'Everyone signs in with their own account. Ask for another invitation instead of sharing a password.',
          ],
        },
        'Check the list of sessions on your [security page](/security) from time to time. If you don’t recognize one, end it and change your password.',
      ],
    },
  ],
};

export const english: Handbook = {
  'set-up': setUp,
  'how-sign-in-works': howSignInWorks,
  'good-practice': goodPractice,
  troubleshooting,
};
