import type { Article } from './article.ts';

export const troubleshooting: Article = {
  title: 'Probleme lösen',
  summary: 'Suchen Sie, was auf dem Bildschirm steht oder was passiert ist, und lesen Sie, was zuerst zu tun ist.',
  sections: [
    {
      anchor: 'code-incorrect',
      heading: 'Mein Code ist falsch',
      blocks: [
        'Sie lesen „Der Bestätigungscode ist falsch“ oder „Der Einmalcode ist falsch“.',
        {
          title: 'Bei der Anmeldung',
          steps: [
            'Warten Sie, bis Ihre App einen neuen Code anzeigt, und geben Sie diesen ein.',
            'Prüfen Sie den Eintrag: Er heißt {product} und zeigt Ihre E-Mail-Adresse. Bei vielen Einträgen verliest man sich leicht.',
            'Gibt es zwei Einträge für {product}, nehmen Sie den neueren. Die Codes des älteren gelten nicht mehr.',
            'Nehmen Sie die 6 Ziffern aus der App. Ein Code aus einer E-Mail oder SMS funktioniert nicht.',
            'Immer noch abgelehnt? Prüfen Sie die [Uhr Ihres Geräts](#clock).',
          ],
        },
        {
          title: 'Beim Einrichten',
          steps: [
            'Der Eintrag muss von dem QR-Code stammen, der jetzt auf dem Bildschirm ist. Wenn Sie neu begonnen haben, gilt der frühere QR-Code nicht mehr.',
            'Wenn Sie nicht sicher sind, löschen Sie den eben angelegten Eintrag, scannen Sie den QR-Code noch einmal und geben Sie den neuen Code ein.',
            'Haben Sie den geheimen Code abgetippt, vergleichen Sie ihn Zeichen für Zeichen. Die Ziffern 0, 1, 8 und 9 kommen nicht vor.',
          ],
        },
      ],
    },
    {
      anchor: 'code-expired',
      heading: 'Mein Code ist abgelaufen',
      blocks: [
        'Sie lesen „Code abgelaufen“. Der Code war richtig, kam aber zu spät: Jeder Code gilt 30 Sekunden.',
        {
          steps: [
            'Warten Sie, bis Ihre App einen neuen Code anzeigt. Die meisten Apps zeigen an, wie viel Zeit noch bleibt.',
            'Geben Sie ihn gleich ein und wählen Sie **Bestätigen**.',
            'Passiert das auch mit neuen Codes? Dann geht die Uhr Ihres Geräts nach: [Stellen Sie die Uhr](#clock).',
          ],
        },
      ],
    },
    {
      anchor: 'code-already-used',
      heading: 'Mein Code wurde schon verwendet',
      blocks: [
        'Jeder Code gilt einmal, auch wenn Ihre App ihn noch anzeigt. So nützt er niemandem, der Ihnen über die Schulter sieht.',
        {
          steps: [
            'Warten Sie auf den nächsten Code. Die Seite sagt, wie viele Sekunden es dauert.',
            'Geben Sie den neuen Code ein.',
          ],
        },
        'Vielleicht haben Sie mit dem Code das Einrichten oder eine Änderung auf Ihrer Sicherheitsseite bestätigt. Wenn nicht, kennt vielleicht jemand Ihr Passwort und Ihren Code: Melden Sie sich an, [ändern Sie Ihr Passwort](/security/password) und wenden Sie sich an {contact}.',
      ],
    },
    {
      anchor: 'clock',
      heading: 'Mein Gerät und der Server haben verschiedene Uhrzeiten',
      blocks: [
        'Ihre App errechnet die Codes aus der Uhrzeit Ihres Geräts. Wird jeder Code abgelehnt, oder sagt die Seite, dass die beiden Uhren voneinander abweichen, lassen Sie Ihr Gerät die Uhr selbst stellen.',
        {
          title: 'Auf einem iPhone oder iPad',
          steps: [
            'Öffnen Sie Einstellungen, dann Allgemein, dann Datum & Uhrzeit.',
            'Schalten Sie „Automatisch einstellen“ ein. Ist es schon eingeschaltet, schalten Sie es aus, warten Sie einige Sekunden und schalten Sie es wieder ein.',
            'Gehen Sie zurück zu Ihrer App und geben Sie den nächsten Code ein.',
          ],
        },
        {
          title: 'Auf einem Android-Telefon',
          steps: [
            'Öffnen Sie Einstellungen, dann System, dann Datum & Uhrzeit. Auf einem Samsung-Telefon: Einstellungen, Allgemeine Verwaltung, Datum und Uhrzeit.',
            'Schalten Sie die automatische Einstellung ein. Ist sie schon eingeschaltet, schalten Sie sie aus, warten Sie einige Sekunden und schalten Sie sie wieder ein.',
            'Gehen Sie zurück zu Ihrer App und geben Sie den nächsten Code ein.',
          ],
        },
        'Die Menüs sind nicht auf jedem Telefon gleich. Finden Sie die Einstellung nicht, suchen Sie in den Einstellungen nach „Datum“. Auf einem Computer steht derselbe Schalter in den Systemeinstellungen.',
        'Ein Telefon kann die richtige Uhrzeit anzeigen und trotzdem falsch gehen, wenn sie in einer anderen Zeitzone von Hand gestellt wurde. Auch das behebt die automatische Einstellung. Werden Codes weiterhin abgelehnt, wenden Sie sich an {contact}.',
      ],
    },
    {
      anchor: 'lost-phone',
      heading: 'Mein Telefon oder meine App ist weg',
      blocks: [
        'Verwenden Sie einen der Wiederherstellungscodes, die Sie beim Einrichten gesichert haben.',
        {
          steps: [
            'Melden Sie sich mit **E-Mail-Adresse** und **Passwort** an.',
            'Wählen Sie auf der Seite, die nach dem Einmalcode fragt, **Wiederherstellungscode verwenden**.',
            'Geben Sie einen Ihrer Codes bei **Wiederherstellungscode** ein und wählen Sie **Bestätigen**. Groß- und Kleinschreibung und Striche spielen keine Rolle. Jeder Code gilt einmal.',
            'Richten Sie auf der nächsten Seite einen neuen Authenticator ein. Codes vom verlorenen Telefon gelten dann nicht mehr.',
          ],
        },
        'Wurde das Telefon gestohlen? Dann ändern Sie auch Ihr Passwort: Der Dieb braucht es noch, um sich anzumelden. Haben Sie auch keine Wiederherstellungscodes, lesen Sie [Meine Wiederherstellungscodes sind weg](#lost-recovery-codes).',
      ],
    },
    {
      anchor: 'lost-recovery-codes',
      heading: 'Meine Wiederherstellungscodes sind weg',
      blocks: [
        {
          title: 'Wenn Ihre App noch funktioniert',
          steps: [
            'Melden Sie sich wie immer an und öffnen Sie Ihre [Wiederherstellungscodes](/security/recovery-codes).',
            'Erstellen Sie neue Codes und sichern Sie sie. Alle alten gelten sofort nicht mehr.',
          ],
        },
        {
          title: 'Wenn auch Ihre App weg ist',
          steps: [
            'Wenden Sie sich an {contact}. Sagen Sie, dass Ihre Zwei-Faktor-Authentifizierung zurückgesetzt werden muss. [An wen Sie sich wenden und was gefragt wird](/sign-in/lost).',
            'Dort wird geprüft, dass wirklich Sie es sind, und dann zurückgesetzt. Sie bekommen darüber eine E-Mail.',
            'Sie bekommen einen Zugangscode. Melden Sie sich mit Ihrem Passwort an, [geben Sie diesen Code ein](#access-code) und [richten Sie eine Authenticator-App ein](/help/set-up).',
          ],
        },
        'Ein neues Passwort hilft hier nicht: Damit schaffen Sie nur Schritt 1.',
      ],
    },
    {
      anchor: 'access-code',
      heading: 'Ich werde nach einem Zugangscode gefragt',
      blocks: [
        'Ihr Authenticator wurde zurückgesetzt. Bis ein neuer eingerichtet ist, genügt Ihr Passwort allein nicht, denn jemand anderes könnte es kennen. Der Support gibt Ihnen den Code persönlich oder am Telefon, nie per E-Mail.',
        'Er hat 16 Buchstaben und Ziffern, gilt einmal und läuft bald ab. Gilt er nicht mehr, bitten Sie {contact} um einen neuen. Haben Sie nicht um das Zurücksetzen gebeten, melden Sie das dort sofort und legen Sie ein [neues Passwort](/forgot-password) fest.',
      ],
    },
    {
      anchor: 'too-many-attempts',
      heading: 'Ich muss warten, oder mein Authenticator ist pausiert',
      blocks: [
        'Nach mehreren falschen Codes bitten wir Sie, zwischen den Versuchen zu warten: erst eine Minute, später bis zu einer Stunde. So kann niemand, der Ihr Passwort hat, Codes erraten. Die Seite sagt, wie lange.',
        {
          title: 'Was Sie tun können',
          steps: [
            'Finden Sie heraus, warum die Codes falsch sind, bevor Sie es noch einmal versuchen: [Mein Code ist falsch](#code-incorrect).',
            'Warten Sie so lange, wie die Seite sagt. Versuche vor dieser Zeit werden abgelehnt, verlängern die Wartezeit aber nicht.',
            'Eilt es? Für Wiederherstellungscodes gilt eine eigene Grenze. Sie können jetzt einen verwenden.',
          ],
        },
        'Nach vielen falschen Codes an einem Tag wird Ihr Authenticator pausiert. Er funktioniert später von selbst wieder. Nach sehr vielen in einem Monat wird er gesperrt. Melden Sie sich dann mit einem Wiederherstellungscode an und ändern Sie Ihr Passwort, oder wenden Sie sich an {contact}.',
        'Wenn Sie diese Codes nicht eingegeben haben, kennt jemand Ihr Passwort. Ändern Sie es jetzt. Nach vielen falschen Passwörtern ist die Anmeldung auf neuen Geräten genauso begrenzt. Mit einem [Link für ein neues Passwort](/forgot-password) können Sie sich früher anmelden.',
      ],
    },
    {
      anchor: 'new-phone',
      heading: 'Ich habe ein neues Telefon',
      blocks: [
        'Tun Sie dies, solange Sie das alte Telefon noch haben.',
        {
          steps: [
            'Melden Sie sich mit einem Code vom alten Telefon an und öffnen Sie Ihre [Authenticator-App](/security/authenticator).',
            'Ersetzen Sie sie und scannen Sie den neuen QR-Code mit dem neuen Telefon.',
            'Geben Sie den Code ein, den das neue Telefon anzeigt. Bis dahin funktioniert das alte weiter.',
            'Löschen Sie den Eintrag auf dem alten Telefon.',
          ],
        },
        'Hat Ihre App ihre Einträge selbst auf das neue Telefon übertragen und funktionieren die Codes, müssen Sie nichts tun. Ist das alte Telefon nicht mehr da, lesen Sie [Mein Telefon oder meine App ist weg](#lost-phone).',
      ],
    },
    {
      anchor: 'password',
      heading: 'Ich habe mein Passwort vergessen',
      blocks: [
        {
          steps: [
            'Fordern Sie einen [Link für ein neues Passwort](/forgot-password) an.',
            'Öffnen Sie die E-Mail und folgen Sie dem Link innerhalb von 30 Minuten. Er gilt einmal.',
            'Geben Sie ein **Neues Passwort** ein und wählen Sie **Speichern**. Melden Sie sich dann damit an.',
          ],
        },
        'Ihren Einmalcode oder einen Wiederherstellungscode brauchen Sie danach trotzdem. Nach einigen Minuten noch keine E-Mail? Sehen Sie im Spam-Ordner nach und prüfen Sie, ob Sie die E-Mail-Adresse eingegeben haben, die Ihre Firma für Sie angegeben hat. Wir schicken höchstens 3 E-Mails pro Stunde.',
        'Wird Ihr neues Passwort abgelehnt, machen Sie es länger: 15 Zeichen genügen immer. Lassen Sie Ihren Namen, Ihre Firma und Passwörter weg, die viele verwenden.',
      ],
    },
    {
      anchor: 'invitation',
      heading: 'Meine Einladung funktioniert nicht',
      blocks: [
        'Eine Einladung gilt 72 Stunden und nur einmal. Sie können die Seite mehrmals öffnen: Erst wenn Sie Ihr Passwort speichern, ist die Einladung verbraucht.',
        {
          steps: [
            'Haben Sie schon ein Passwort festgelegt? Dann öffnen Sie die [Anmeldeseite](/sign-in).',
            'Achten Sie darauf, dass Sie den ganzen Link kopiert haben. E-Mail-Programme brechen ihn manchmal um.',
            'Sonst bitten Sie die Person, die Sie eingeladen hat, um eine neue, oder wenden Sie sich an {contact}.',
          ],
        },
      ],
    },
    {
      anchor: 'email',
      heading: 'Meine E-Mail-Adresse ändert sich',
      blocks: [
        'Solange Sie das alte Postfach noch lesen, geben Sie die [neue E-Mail-Adresse](/security/email) ein. Öffnen Sie den Link, den wir dorthin schicken, innerhalb von 24 Stunden in einem Browser, in dem Sie angemeldet sind. Bis dahin ändert sich nichts.',
        'Kam im alten Postfach eine E-Mail über eine Änderung an, die nicht von Ihnen ist? 72 Stunden lang stellt ihr Link Ihre E-Mail-Adresse wieder her und meldet alle ab.',
      ],
    },
    {
      anchor: 'support',
      heading: 'Einen Menschen fragen',
      blocks: [
        'Wenn nichts davon hilft, wenden Sie sich an {contact}.',
        {
          title: 'Damit helfen Sie uns weiter',
          points: [
            'die E-Mail-Adresse, mit der Sie sich anmelden',
            'der Wortlaut der Meldung auf dem Bildschirm und wann sie kam',
            'was Sie schon versucht haben',
          ],
        },
        {
          title: 'Danach fragen wir nie',
          points: [
            'Ihr Passwort',
            'ein Einmalcode oder ein Wiederherstellungscode',
            'der QR-Code oder der geheime Code vom Einrichten',
          ],
        },
        'Wer Sie nach etwas davon fragt, gehört nicht zu uns, egal welchen Namen er nennt. Antworten Sie nicht und sagen Sie uns Bescheid.',
      ],
    },
  ],
};
