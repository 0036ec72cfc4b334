import type { Article } from './article.ts';

export const troubleshooting: Article = {
  title: 'Troubleshooting',
  summary: 'Find what you see on the screen or what happened, and learn what to do first.',
  sections: [
    {
      anchor: 'code-incorrect',
      heading: 'My code is incorrect',
      blocks: [
        'You see “Confirmation code is incorrect” or “One-time code is incorrect”.',
        {
          title: 'At sign-in',
          steps: [
            'Wait until your app shows a new code, and enter that one.',
            'Check the entry: it is called {product} and shows your email address. With many entries, it’s easy to pick the wrong one.',
            'If there are two entries for {product}, use the newer one. Codes from the older one no longer work.',
            'Use the 6 digits from the app. A code from an email or a text message won’t work.',
            'Still refused? Check your [device’s clock](#clock).',
          ],
        },
        {
          title: 'During set-up',
          steps: [
            'Make sure the entry comes from the QR code that is on the screen now. If you started again, the earlier QR code no longer works.',
            'If you aren’t sure, delete the entry you just made, scan the QR code again and enter the new code.',
            'If you typed the secret code by hand, compare it letter by letter. It has no 0, 1, 8 or 9.',
          ],
        },
      ],
    },
    {
      anchor: 'code-expired',
      heading: 'My code has expired',
      blocks: [
        'You see “Code expired”. The code was correct, but too late: each code is valid for 30 seconds.',
        {
          steps: [
            'Wait until your app shows a new code. Most apps show how much time is left.',
            'Enter it straight away and select **Verify**.',
            'Does this happen with new codes, too? Then your device’s clock is slow: [set the clock](#clock).',
          ],
        },
      ],
    },
    {
      anchor: 'code-already-used',
      heading: 'My code has already been used',
      blocks: [
        'Each code works once, even while your app still shows it. This way, a code is useless to anyone looking over your shoulder.',
        {
          steps: ['Wait for the next code. The page says how many seconds to wait.', 'Enter the new code.'],
        },
        'You may have used the code to confirm set-up or a change on your security page. If you did neither, someone else may have your password and your code: sign in, [change your password](/security/password) and contact {contact}.',
      ],
    },
    {
      anchor: 'clock',
      heading: 'My device and the server show different times',
      blocks: [
        'Your app calculates codes from the time on your device. If every code is refused, or the page says that the two clocks differ, let your device set the time automatically.',
        {
          title: 'On an iPhone or iPad',
          steps: [
            'Open Settings, then General, then Date & Time.',
            'Turn on Set Automatically. If it is already on, turn it off, wait a few seconds and turn it on again.',
            'Go back to your app and enter the next code.',
          ],
        },
        {
          title: 'On an Android phone',
          steps: [
            'Open Settings, then System, then Date & time. On a Samsung phone: Settings, General management, Date and time.',
            'Turn on automatic date and time. If it is already on, turn it off, wait a few seconds and turn it on again.',
            'Go back to your app and enter the next code.',
          ],
        },
        'Menus differ from phone to phone. If you can’t find the setting, search the settings for “date”. On a computer, look for the same switch in the system settings.',
        'A phone can show the right time and still be wrong if it was set by hand in another time zone. The automatic setting fixes this, too. If codes are still refused, contact {contact}.',
      ],
    },
    {
      anchor: 'lost-phone',
      heading: 'I have lost my phone, or my app is gone',
      blocks: [
        'Use one of the recovery codes you saved when you set up two-factor authentication.',
        {
          steps: [
            'Sign in with your **Email** and **Password**.',
            'On the page that asks for the one-time code, select **Use a recovery code**.',
            'Type one of your codes into **Recovery code** and select **Verify**. Capital letters and dashes don’t matter. Each code works once.',
            'On the next page, set up a new authenticator. Codes from the lost phone then stop working.',
          ],
        },
        'Was the phone stolen? Change your password as well: the thief still needs it to sign in. If you don’t have recovery codes either, see [I have lost my recovery codes](#lost-recovery-codes).',
      ],
    },
    {
      anchor: 'lost-recovery-codes',
      heading: 'I have lost my recovery codes',
      blocks: [
        {
          title: 'If your app still works',
          steps: [
            'Sign in as usual and open your [recovery codes](/security/recovery-codes).',
            'Get new codes and save them. All the old ones stop working right away.',
          ],
        },
        {
          title: 'If your app is gone too',
          steps: [
            'Contact {contact}. Say that you need your two-factor authentication reset. [Who to ask, and what they will ask](/sign-in/lost).',
            'They check that it’s really you and reset it. We’ll email you about it.',
            'They give you an access code. Sign in with your password, [enter that code](#access-code) and [set up an authenticator](/help/set-up) again.',
          ],
        },
        'A new password doesn’t help here: it only gets you past step 1.',
      ],
    },
    {
      anchor: 'access-code',
      heading: 'I’m asked for an access code',
      blocks: [
        'Your authenticator was reset. Until you set up a new one, your password alone is not enough, because someone else may know it. Support gives you the code in person or by phone, never by email.',
        'It has 16 letters and digits, works once and expires soon. If it no longer works, ask {contact} for another one. If you didn’t ask for a reset, tell them right away and set a [new password](/forgot-password).',
      ],
    },
    {
      anchor: 'too-many-attempts',
      heading: 'I have to wait, or my authenticator is paused',
      blocks: [
        'After several wrong codes we ask you to wait between attempts: first a minute, later up to an hour. This keeps anyone who has your password from guessing codes. The page says how long to wait.',
        {
          title: 'What to do',
          steps: [
            'Find out why the codes are wrong before you try again: [my code is incorrect](#code-incorrect).',
            'Wait as long as the page says. Attempts before then are refused, but don’t make the wait longer.',
            'In a hurry? A recovery code has its own limit, so you can use one now.',
          ],
        },
        'After many wrong codes in one day, the authenticator is paused. It starts working again by itself. After very many in a month, it is disabled. Then sign in with a recovery code and change your password, or contact {contact}.',
        'If you didn’t enter those codes, someone knows your password. Change it now. After many wrong passwords, sign-in from new devices is limited in the same way. A [link to set a new password](/forgot-password) lets you sign in sooner.',
      ],
    },
    {
      anchor: 'new-phone',
      heading: 'I have a new phone',
      blocks: [
        'Do this while you still have the old phone.',
        {
          steps: [
            'Sign in with a code from the old phone and open your [authenticator](/security/authenticator).',
            'Choose to replace it, and scan the new QR code with the new phone.',
            'Enter the code that the new phone shows. Until you do, the old phone keeps working.',
            'Delete the entry from the old phone.',
          ],
        },
        'If your app has moved its entries to the new phone and the codes work, you don’t need to do anything. If the old phone is gone, see [I have lost my phone](#lost-phone).',
      ],
    },
    {
      anchor: 'password',
      heading: 'I have forgotten my password',
      blocks: [
        {
          steps: [
            'Request a [link to set a new password](/forgot-password).',
            'Open the email and follow the link within 30 minutes. It works once.',
            'Enter a **New password** and select **Save**. Then sign in with it.',
          ],
        },
        'You still need your one-time code or a recovery code after that. No email after a few minutes? Look in your spam folder and check that you entered the email your company registered for you. We send at most 3 emails an hour.',
        'If your new password is refused, make it longer: 15 characters are always enough. Leave out your name, your company and passwords that many people use.',
      ],
    },
    {
      anchor: 'invitation',
      heading: 'My invitation doesn’t work',
      blocks: [
        'An invitation is valid for 72 hours and works once. You can open the page more than once: only saving your password uses the invitation.',
        {
          steps: [
            'Have you set a password already? Then go to the [sign-in page](/sign-in).',
            'Make sure you copied the whole link. Email programs sometimes break it in two.',
            'Otherwise ask the person who invited you for a new one, or contact {contact}.',
          ],
        },
      ],
    },
    {
      anchor: 'email',
      heading: 'My email address changes',
      blocks: [
        'While you can still read the old mailbox, enter the [new email](/security/email). Within 24 hours, open the link that we send to it, in a browser where you are signed in. Nothing changes until then.',
        'Did the old mailbox get an email about a change you didn’t make? For 72 hours, its link restores your email and signs everyone out.',
      ],
    },
    {
      anchor: 'support',
      heading: 'Ask a person',
      blocks: [
        'If nothing here helps, contact {contact}.',
        {
          title: 'This helps us help you',
          points: [
            'the email address you sign in with',
            'the exact message on the screen, and when you saw it',
            'what you have already tried',
          ],
        },
        {
          title: 'What we will never ask for',
          points: [
            'your password',
            'a one-time code or a recovery code',
            'the QR code or the secret code from the set-up',
          ],
        },
        'Anyone who asks you for one of these is not from us, whatever name they give. Don’t answer, and tell us.',
      ],
    },
  ],
};
