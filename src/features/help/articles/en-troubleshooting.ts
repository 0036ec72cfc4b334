import type { Article } from './article.ts';

export const troubleshooting: Article = {
  title: 'Troubleshooting',
  summary: 'Find what you see on the screen, or what happened, and what to do first.',
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
            'Check the entry: it is called {product} and shows your email address. Apps with many entries are easy to misread.',
            'If there are two entries for {product}, use the newer one. Codes of the older one no longer work.',
            'Use the 6 digits from the app. A code from an email or a text message is something else.',
            'Still refused? Check the [clock of your device](#clock).',
          ],
        },
        {
          title: 'During set-up',
          steps: [
            'Make sure the entry comes from the QR code that is on the screen now. If you started again, the earlier QR code no longer counts.',
            'If you are not sure, delete the entry you just made, scan the QR code again and enter the new code.',
            'If you typed the secret code by hand, compare it letter by letter. It has no 0, 1, 8 or 9.',
          ],
        },
      ],
    },
    {
      anchor: 'code-expired',
      heading: 'My code has expired',
      blocks: [
        'You see “Code expired”. The code was right, but it came too late: each code is valid for 30 seconds.',
        {
          steps: [
            'Wait until your app shows a new code. Most apps show how much time is left.',
            'Enter it straight away and select **Verify**.',
            'Does this happen with fresh codes too? Then the clock of your device is slow: [set the clock](#clock).',
          ],
        },
      ],
    },
    {
      anchor: 'code-already-used',
      heading: 'My code has already been used',
      blocks: [
        'Each code works once, even while your app still shows it. This is how we stop anyone who looks over your shoulder.',
        {
          steps: ['Wait for the next code. The page says in how many seconds it comes.', 'Enter the new code.'],
        },
        'The code is also used up when you confirmed the set-up with it, or a change on your security page. If you did none of this yourself, somebody else may have your password and your code: sign in, [change your password](/security/password) and contact {contact}.',
      ],
    },
    {
      anchor: 'clock',
      heading: 'My device and the server show different times',
      blocks: [
        'Your app works out codes from the time on your device. If every code is refused, or the page says that the two clocks differ, let your device set its time by itself.',
        {
          title: 'On an iPhone or iPad',
          steps: [
            'Open Settings, then General, then Date & Time.',
            'Switch on Set Automatically. If it is on already, switch it off, wait a few seconds and switch it on again.',
            'Go back to your app and enter the next code.',
          ],
        },
        {
          title: 'On an Android phone',
          steps: [
            'Open Settings, then System, then Date & time. On a Samsung phone: Settings, General management, Date and time.',
            'Switch on automatic date and time. If it is on already, switch it off, wait a few seconds and switch it on again.',
            'Go back to your app and enter the next code.',
          ],
        },
        'Menus differ a little from phone to phone. If you do not find yours, search the settings for “date”. On a computer, look in the system settings for the same switch.',
        'A phone can show the right time and still be wrong: when it was set by hand in another time zone. The automatic setting puts this right as well. If codes are still refused after that, contact {contact}.',
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
            'Type one of your codes into **Recovery code** and select **Verify**. Capital letters and dashes do not matter. Each code works once.',
            'On the next page, set up a new authenticator. Codes from the lost phone stop working then.',
          ],
        },
        'Was the phone stolen? Change your password as well. Whoever has the phone still needs it to get in. If you have no recovery codes either, see [I have lost my recovery codes](#lost-recovery-codes).',
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
            'Make new codes and save them. All the old ones stop working at once.',
          ],
        },
        {
          title: 'If your app is gone too',
          steps: [
            'Contact {contact}. Say that you need your two-factor authentication reset. [Whom to ask, and what they will ask](/sign-in/lost).',
            'They make sure that it is really you, and reset it. We send you an email about it.',
            'They give you an access code. Sign in with your password, [enter that code](#access-code) and [set up an authenticator](/help/set-up) again.',
          ],
        },
        'A new password does not help here: it opens the first door only.',
      ],
    },
    {
      anchor: 'access-code',
      heading: 'I am asked for an access code',
      blocks: [
        'Your authenticator was reset. Until a new one is set up, your password alone must not be enough, because somebody else may know it. Support gives you the code in person or on the phone, never by email.',
        'It has 16 letters and digits, works once and soon ends. Does it no longer work? Ask {contact} for another one. If you did not ask for a reset, tell them at once and set a [new password](/forgot-password).',
      ],
    },
    {
      anchor: 'too-many-attempts',
      heading: 'I have to wait, or my authenticator is paused',
      blocks: [
        'After several wrong codes we ask you to wait between tries: first a minute, later up to an hour. This stops anyone who has your password from guessing codes. The page says how long it takes.',
        {
          title: 'What to do',
          steps: [
            'Find out why the codes are wrong before you try again: [my code is incorrect](#code-incorrect).',
            'Wait as long as the page says. Trying earlier is refused, but does not make the wait longer.',
            'In a hurry? A recovery code has its own limit, so you can use one now.',
          ],
        },
        'With many wrong codes in one day, the authenticator is paused. It comes back by itself. With very many within a month it is disabled. Then sign in with a recovery code and change your password, or contact {contact}.',
        'If you did not enter those codes, somebody knows your password. Change it now. After many wrong passwords, sign-in from new devices is limited in the same way. A [link to set a new password](/forgot-password) lets you in sooner.',
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
            'Enter the code that the new phone shows. Until you do, the old phone goes on working.',
            'Delete the entry from the old phone.',
          ],
        },
        'If your app has moved its entries to the new phone by itself, and the codes work, there is nothing to do. If the old phone is gone, see [I have lost my phone](#lost-phone).',
      ],
    },
    {
      anchor: 'password',
      heading: 'I have forgotten my password',
      blocks: [
        {
          steps: [
            'Ask for a [link to set a new password](/forgot-password).',
            'Open the email and follow the link within 30 minutes. It works once.',
            'Enter a **New password** and select **Save**. Then sign in with it.',
          ],
        },
        'You still need your one-time code or a recovery code after that. No email after a few minutes? Look in your spam folder and check that you used the address your partner account knows. We send at most 3 emails an hour.',
        'If your new password is refused, make it longer: 15 characters are always enough. Leave out your name, your company and passwords that many people use.',
      ],
    },
    {
      anchor: 'invitation',
      heading: 'My invitation does not work',
      blocks: [
        'An invitation is valid for 72 hours and works once. Opening the page does not use it up; saving your password does.',
        {
          steps: [
            'Have you set a password already? Then go to the [sign-in page](/sign-in).',
            'Make sure the whole link was copied. Mail programs sometimes break it in two.',
            'Otherwise ask the person who invited you for a new one, or contact {contact}.',
          ],
        },
      ],
    },
    {
      anchor: 'email',
      heading: 'My email address changes',
      blocks: [
        'While you still read the old mailbox, enter the [new email](/security/email). Open the link that we send to it within 24 hours, in a browser in which you are signed in. Until then nothing changes.',
        'Did the old mailbox get a message about a change that you did not make? Its link brings your email back for 72 hours and signs everybody out.',
      ],
    },
    {
      anchor: 'support',
      heading: 'Ask a person',
      blocks: [
        'If nothing here helps, contact {contact}.',
        {
          title: 'This helps us to help you',
          points: [
            'the email address you sign in with',
            'the words of the message on the screen, and when you saw it',
            'what you have tried already',
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
        'If somebody asks you for one of these, it is not us, whatever name they give. Do not answer, and tell us.',
      ],
    },
  ],
};
