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
            '1Password, or another password manager that makes one-time codes',
          ],
        },
        'Any other app that makes 6-digit codes works too. You do not need a phone number, and the app needs no internet connection to make codes.',
        'Two-factor authentication is switched on for a whole partner account. If you are not asked to set it up, you can start it yourself on your [security page](/security). To have it switched on for everyone in your company, contact {contact}.',
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
            'Open your authenticator app and choose to add an account. This is often a plus sign.',
            'Point the app’s camera at the QR code. An entry called {product} appears in the app.',
          ],
        },
        'Finish within 10 minutes. After that the page expires, and you sign in again and get a new QR code.',
      ],
    },
    {
      anchor: 'manual-code',
      heading: 'If you cannot scan the QR code',
      blocks: [
        'Are you reading this on the phone that has the app? Select **Open on this phone**. It opens the app for you.',
        {
          title: 'In any other case',
          steps: [
            'Select **Try manual code**. A secret code of 32 letters and digits appears.',
            'Select **Copy**, or keep the page open to type the code.',
            'In your app, choose to add an account by hand. Apps call this “setup key” or “enter code”.',
            'Paste or type the code. You can leave out the spaces. If the app asks for a type, choose “time-based”.',
          ],
        },
        'Treat this code like a password: whoever has it can make your one-time codes.',
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
        'You are signed in at once. You do not need a second code this time. If the code is refused, see [my code is incorrect](/help/troubleshooting#code-incorrect).',
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Save your recovery codes',
      blocks: [
        'You get 10 recovery codes. They are your way in when your phone or your app is gone. Each one works once.',
        {
          steps: [
            'Use **Copy**, **Download** or **Print** to save all 10 codes.',
            'Keep them apart from the phone that has your app: in a password manager, or on paper in a safe place.',
            'Tick **I have saved these recovery codes** and select **Done**.',
          ],
        },
        'After that nobody can show you these codes again, not even our support. You can always make new ones on your [security page](/security).',
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
      heading: 'Two doors, one after the other',
      blocks: [
        'The first door is your email and password. The second is a code that only your authenticator app can make. Somebody who learns your password still stands before the second door.',
        {
          steps: [
            'Enter your **Email** and **Password** on the [sign-in page](/sign-in), and select **Sign in**.',
            'Open your authenticator app and find the entry {product}.',
            'Type its 6 digits into **One-time code**, and select **Verify**. You are in.',
          ],
        },
        'We ask for the code at every sign-in, also on a computer you have used before.',
      ],
    },
    {
      anchor: 'one-time-codes',
      heading: 'The one-time code',
      blocks: [
        {
          points: [
            'Each code is valid for 30 seconds. Then your app shows the next one by itself.',
            'Each code works once. To sign in twice in a row, wait for the next one.',
            'You can paste the code. Spaces and dashes do not matter.',
            'The app works out the code from the time. The time on your device must be right.',
          ],
        },
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'When you do not have your app',
      blocks: [
        {
          steps: [
            'On the page that asks for the one-time code, select **Use a recovery code**.',
            'Type one of your saved codes into **Recovery code**. Any of them will do, in any order.',
            'Select **Verify**.',
          ],
        },
        'That code is now used up: cross it out. The next page tells you how many are left and offers to set up a new authenticator.',
      ],
    },
    {
      anchor: 'while-signed-in',
      heading: 'While you are signed in',
      blocks: [
        {
          points: [
            'You are signed out after an hour without activity, and after 24 hours in any case. For our own staff these times are shorter.',
            'Before you change your password, your authenticator or your recovery codes, we ask for a code once more.',
            'When you change your password or your authenticator, all your other sessions end. We tell you how many.',
            'Select **Sign out** when you leave a computer that others use.',
          ],
        },
      ],
    },
  ],
};

const goodPractice: Article = {
  title: 'Good practice',
  summary: 'A few habits that keep your account yours, and keep you from being locked out.',
  sections: [
    {
      anchor: 'app',
      heading: 'Choose an app you can rely on',
      blocks: [
        'Google Authenticator, Microsoft Authenticator and password managers such as 1Password are all good choices. Get the app from your phone’s own app store.',
        'Lock your phone with a code, a fingerprint or your face. If your app can back up its entries, switch that on: a lost phone is then a smaller problem.',
        'You have a second phone or a tablet? [Add another app](/security/authenticators) there: then losing one of them does not lock you out.',
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Keep recovery codes apart from your phone',
      blocks: [
        'If both are lost together, neither helps. Use a password manager, or print the codes and lock them away.',
        {
          points: [
            'Do not keep them as a photo or a note on the phone that has the app.',
            'Do not send them by email or chat.',
            'Make new ones when 3 or fewer are left. We remind you.',
            'Make new ones at once if somebody else may have seen them. The old ones stop working.',
          ],
        },
      ],
    },
    {
      anchor: 'time',
      heading: 'Let your device set its own time',
      blocks: [
        'Codes depend on the time. A clock that is a minute wrong makes wrong codes. Leave automatic date and time switched on: [how to check](/help/troubleshooting#clock).',
      ],
    },
    {
      anchor: 'password',
      heading: 'Use a long password that you use nowhere else',
      blocks: [
        'Four or five words that do not belong together make a good password. You do not need special characters, and you do not have to change it from time to time. A password manager can make one up and remember it.',
      ],
    },
    {
      anchor: 'never-share',
      heading: 'Never pass on a code',
      blocks: [
        {
          points: [
            'Enter codes only on pages whose address begins with {address}. Look at the address bar first.',
            'Never read out a code on the phone, and never send one. Anyone who asks for it wants to get into your account.',
            'Everybody signs in with their own account. Ask for another invitation rather than share a password.',
          ],
        },
        'Now and then, look at the list of sessions on your [security page](/security). End any that you do not know and change your password.',
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
