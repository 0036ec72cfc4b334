import type { Article, Handbook } from './article.ts';
import { troubleshooting } from './de-troubleshooting.ts';

const setUp: Article = {
  title: 'Zwei-Faktor-Authentifizierung einrichten',
  summary: 'Verbinden Sie eine Authenticator-App mit Ihrem Konto. Das dauert etwa zwei Minuten.',
  sections: [
    {
      anchor: 'before-you-start',
      heading: 'Bevor Sie anfangen',
      blocks: [
        'Sie brauchen Ihre E-Mail-Adresse, Ihr Passwort und eine Authenticator-App. Die App kann auf einem Telefon, einem Tablet oder einem Computer sein.',
        {
          title: 'Apps, die sich eignen',
          points: [
            'Google Authenticator',
            'Microsoft Authenticator',
            '1Password oder ein anderer Passwortmanager, der Einmalcodes erzeugt',
          ],
        },
        'Auch jede andere App, die 6-stellige Codes erzeugt, ist geeignet. Sie brauchen keine Telefonnummer, und die App braucht dafür keine Internetverbindung.',
        'Ihre Firma entscheidet, ob die Zwei-Faktor-Authentifizierung für alle Pflicht ist. Wenn Sie nicht dazu aufgefordert werden, können Sie sie auf Ihrer [Sicherheitsseite](/security) selbst einrichten. Soll sie für alle in Ihrer Firma Pflicht sein, wenden Sie sich an {contact}.',
      ],
    },
    {
      anchor: 'connect-the-app',
      heading: 'Die App verbinden',
      blocks: [
        {
          steps: [
            'Öffnen Sie die [Anmeldeseite](/sign-in), geben Sie **E-Mail-Adresse** und **Passwort** ein und wählen Sie **Anmelden**.',
            'Wählen Sie auf der Seite **Zwei-Faktor-Authentifizierung** die Schaltfläche **Los geht’s**. Sie sehen nun einen QR-Code.',
            'Öffnen Sie Ihre Authenticator-App und fügen Sie dort ein Konto hinzu. Meist gibt es dafür ein Pluszeichen.',
            'Richten Sie die Kamera der App auf den QR-Code. In der App erscheint ein Eintrag mit dem Namen {product}.',
          ],
        },
        'Sie haben 10 Minuten Zeit. Danach läuft die Seite ab: Melden Sie sich noch einmal an, um einen neuen QR-Code zu bekommen.',
      ],
    },
    {
      anchor: 'manual-code',
      heading: 'Wenn Sie den QR-Code nicht scannen können',
      blocks: [
        'Lesen Sie dies auf dem Telefon, auf dem auch die App ist? Dann wählen Sie **Auf diesem Telefon öffnen**. Das öffnet die App für Sie.',
        {
          title: 'In allen anderen Fällen',
          steps: [
            'Wählen Sie **Code von Hand eingeben**. Ein geheimer Code aus 32 Buchstaben und Ziffern erscheint.',
            'Wählen Sie **Kopieren**, oder lassen Sie die Seite zum Abtippen offen.',
            'Fügen Sie in Ihrer App ein Konto von Hand hinzu. Apps nennen das „Einrichtungsschlüssel“ oder „Code eingeben“.',
            'Fügen Sie den Code ein oder tippen Sie ihn ab. Leerzeichen können Sie weglassen. Fragt die App nach der Art, wählen Sie „zeitbasiert“.',
          ],
        },
        'Behandeln Sie diesen Code wie ein Passwort: Wer ihn hat, kann Ihre Einmalcodes erzeugen.',
      ],
    },
    {
      anchor: 'confirm',
      heading: 'Prüfen, ob es funktioniert',
      blocks: [
        'Ihre App zeigt jetzt 6 Ziffern an. Sie gelten 30 Sekunden lang, dann zeigt die App neue an.',
        {
          steps: [
            'Geben Sie die Ziffern, die die App gerade anzeigt, bei **Bestätigungscode** ein.',
            'Wählen Sie **Bestätigen**. Die Zwei-Faktor-Authentifizierung ist jetzt aktiv.',
          ],
        },
        'Sie sind sofort angemeldet und brauchen dieses Mal keinen zweiten Code. Wird der Code abgelehnt, lesen Sie [Mein Code ist falsch](/help/troubleshooting#code-incorrect).',
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Wiederherstellungscodes sichern',
      blocks: [
        'Sie bekommen 10 Wiederherstellungscodes. Mit ihnen melden Sie sich an, wenn Ihr Telefon oder Ihre App weg ist. Jeder Code gilt einmal.',
        {
          steps: [
            'Sichern Sie alle 10 Codes mit **Kopieren**, **Herunterladen** oder **Drucken**.',
            'Bewahren Sie sie getrennt von dem Telefon mit Ihrer App auf: in einem Passwortmanager oder auf Papier an einem sicheren Ort.',
            'Setzen Sie das Häkchen bei **Ich habe diese Wiederherstellungscodes gespeichert** und wählen Sie **Fertig**.',
          ],
        },
        'Danach kann Ihnen niemand diese Codes noch einmal zeigen, auch unser Support nicht. Neue können Sie jederzeit auf Ihrer [Sicherheitsseite](/security) erstellen.',
      ],
    },
  ],
};

const howSignInWorks: Article = {
  title: 'So funktioniert die Anmeldung',
  summary: 'Was bei jeder Anmeldung geschieht, sobald die Zwei-Faktor-Authentifizierung aktiv ist.',
  sections: [
    {
      anchor: 'two-doors',
      heading: 'Zwei Schritte nacheinander',
      blocks: [
        'Schritt 1 sind E-Mail-Adresse und Passwort. Schritt 2 ist ein Code, den nur Ihre Authenticator-App erzeugen kann. Wer Ihr Passwort erfährt, kann sich ohne diesen Code nicht anmelden.',
        {
          steps: [
            'Geben Sie auf der [Anmeldeseite](/sign-in) **E-Mail-Adresse** und **Passwort** ein und wählen Sie **Anmelden**.',
            'Öffnen Sie Ihre Authenticator-App und suchen Sie den Eintrag {product}.',
            'Geben Sie die 6 Ziffern bei **Einmalcode** ein und wählen Sie **Bestätigen**. Sie sind angemeldet.',
          ],
        },
        'Wir fragen bei jeder Anmeldung nach dem Code, auch auf einem Computer, den Sie schon verwendet haben, außer wenn Ihre Firma vertrauenswürdige Geräte erlaubt und Sie das Gerät dazu gemacht haben.',
      ],
    },
    {
      anchor: 'one-time-codes',
      heading: 'Der Einmalcode',
      blocks: [
        {
          points: [
            'Jeder Code gilt 30 Sekunden. Dann zeigt Ihre App den nächsten an.',
            'Jeder Code gilt einmal. Um sich zweimal kurz nacheinander anzumelden, warten Sie auf den nächsten.',
            'Sie können den Code einfügen. Leerzeichen und Striche stören nicht.',
            'Die App errechnet den Code aus der Uhrzeit. Deshalb muss die Uhr Ihres Geräts richtig gehen.',
          ],
        },
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Wenn Sie Ihre App nicht zur Hand haben',
      blocks: [
        {
          steps: [
            'Wählen Sie auf der Seite, die nach dem Einmalcode fragt, **Wiederherstellungscode verwenden**.',
            'Geben Sie einen Ihrer gesicherten Codes bei **Wiederherstellungscode** ein. Die Reihenfolge spielt keine Rolle.',
            'Wählen Sie **Bestätigen**.',
          ],
        },
        'Dieser Code gilt nicht mehr: Streichen Sie ihn durch. Die nächste Seite sagt Ihnen, wie viele noch übrig sind, und bietet an, einen neuen Authenticator einzurichten.',
      ],
    },
    {
      anchor: 'while-signed-in',
      heading: 'Solange Sie angemeldet sind',
      blocks: [
        {
          points: [
            'Sie werden nach einer Stunde ohne Aktivität abgemeldet, spätestens nach 24 Stunden. Unsere eigenen Beschäftigten werden früher abgemeldet.',
            'Bevor Sie Passwort, Authenticator oder Wiederherstellungscodes ändern, verlangen wir noch einen Code.',
            'Wenn Sie Passwort oder Authenticator ändern, werden alle Ihre anderen Sitzungen beendet. Wir sagen Ihnen, wie viele es waren.',
            'Wählen Sie **Abmelden**, wenn Sie einen gemeinsam genutzten Computer verlassen.',
          ],
        },
      ],
    },
  ],
};

const goodPractice: Article = {
  title: 'Gute Gewohnheiten',
  summary: 'Damit Ihr Konto sicher bleibt und Sie sich nicht aussperren.',
  sections: [
    {
      anchor: 'app',
      heading: 'Wählen Sie eine App, auf die Sie sich verlassen können',
      blocks: [
        'Google Authenticator, Microsoft Authenticator und Passwortmanager wie 1Password sind alle eine gute Wahl. Laden Sie die App aus dem App-Store Ihres Telefons.',
        'Sichern Sie Ihr Telefon mit Code, Fingerabdruck oder Gesicht. Kann Ihre App ihre Einträge sichern, schalten Sie das ein. Ein verlorenes Telefon ist dann ein kleineres Problem.',
        'Haben Sie ein zweites Telefon oder ein Tablet? [Fügen Sie dort eine weitere App hinzu](/security/authenticators). Dann sperrt Sie der Verlust eines Geräts nicht aus.',
      ],
    },
    {
      anchor: 'recovery-codes',
      heading: 'Bewahren Sie Wiederherstellungscodes getrennt vom Telefon auf',
      blocks: [
        'Geht beides zusammen verloren, sind Sie ausgesperrt. Nutzen Sie einen Passwortmanager, oder drucken Sie die Codes und schließen Sie sie weg.',
        {
          points: [
            'Speichern Sie sie nicht als Foto oder Notiz auf dem Telefon mit der App.',
            'Verschicken Sie sie nicht per E-Mail oder Chat.',
            'Erstellen Sie neue, wenn nur noch 3 oder weniger übrig sind. Wir erinnern Sie daran.',
            'Erstellen Sie sofort neue, wenn jemand sie gesehen haben könnte. Die alten gelten dann nicht mehr.',
          ],
        },
      ],
    },
    {
      anchor: 'time',
      heading: 'Lassen Sie Ihr Gerät seine Uhr selbst stellen',
      blocks: [
        'Codes hängen von der Uhrzeit ab. Geht die Uhr eine Minute falsch, sind die Codes falsch. Lassen Sie Datum und Uhrzeit auf „automatisch“: [So prüfen Sie das](/help/troubleshooting#clock).',
      ],
    },
    {
      anchor: 'password',
      heading: 'Nehmen Sie ein langes Passwort, das Sie sonst nirgends verwenden',
      blocks: [
        'Vier oder fünf Wörter, die nichts miteinander zu tun haben, sind ein gutes Passwort. Sonderzeichen sind nicht nötig, und Sie müssen es nicht regelmäßig ändern. Ein Passwortmanager kann Ihnen eines erstellen und es sich merken.',
      ],
    },
    {
      anchor: 'never-share',
      heading: 'Geben Sie nie einen Code weiter',
      blocks: [
        {
          points: [
            'Geben Sie Codes nur auf Seiten ein, deren Adresse mit {address} beginnt. Prüfen Sie zuerst die Adresszeile.',
            'Lesen Sie nie einen Code am Telefon vor und verschicken Sie nie einen. Wer danach fragt, will in Ihr Konto.',
            'Jede Person meldet sich mit dem eigenen Konto an. Bitten Sie um eine weitere Einladung, statt ein Passwort zu teilen.',
          ],
        },
        'Sehen Sie ab und zu auf Ihrer [Sicherheitsseite](/security) die Liste der Sitzungen durch. Beenden Sie jede, die Sie nicht kennen, und ändern Sie Ihr Passwort.',
      ],
    },
  ],
};

export const german: Handbook = {
  'set-up': setUp,
  'how-sign-in-works': howSignInWorks,
  'good-practice': goodPractice,
  troubleshooting,
};
