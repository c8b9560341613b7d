#include "identity/texts.h"

#include <string.h>
#include <strings.h>

static const char *const texts[TEXTS][3] = {
    [TEXT_NONE] = {"", "", ""},
    [TEXT_SIGN_IN] = {"Sign in", "Se connecter", "Anmelden"},
    [TEXT_SIGN_IN_TO] = {"to go on to %s", "pour continuer vers %s", "um zu %s zu gelangen"},
    [TEXT_EMAIL] = {"E-mail address", "Adresse e-mail", "E-Mail-Adresse"},
    [TEXT_PASSWORD] = {"Password", "Mot de passe", "Passwort"},
    [TEXT_NAME] = {"Name", "Nom", "Name"},
    [TEXT_REGISTER] = {"Create an account", "Créer un compte", "Konto anlegen"},
    [TEXT_NO_ACCOUNT] = {"No account yet?", "Pas encore de compte ?", "Noch kein Konto?"},
    [TEXT_HAVE_ACCOUNT] = {"Have an account already?", "Vous avez déjà un compte ?", "Schon ein Konto?"},
    [TEXT_PASSWORD_HINT] = {"At least 10 characters. A few unrelated words make a good password.",
                            "Au moins 10 caractères. Quelques mots sans rapport font un bon mot de passe.",
                            "Mindestens 10 Zeichen. Einige Wörter ohne Zusammenhang sind ein gutes Passwort."},
    [TEXT_WRONG] = {"The e-mail address or the password is not right.", "L’adresse e-mail ou le mot de passe est incorrect.",
                    "E-Mail-Adresse oder Passwort stimmt nicht."},
    [TEXT_THROTTLED] = {"Too many tries. Wait %s seconds and try again.", "Trop d’essais. Attendez %s secondes et réessayez.",
                        "Zu viele Versuche. Warten Sie %s Sekunden und versuchen Sie es erneut."},
    [TEXT_DISABLED] = {"This account has been closed. Ask the operator of this site.",
                       "Ce compte a été fermé. Adressez-vous à l’exploitant du site.",
                       "Dieses Konto wurde gesperrt. Wenden Sie sich an den Betreiber."},
    [TEXT_FORM_STALE] = {"This form was too old or came from elsewhere. Please send it again.",
                         "Ce formulaire a expiré ou venait d’ailleurs. Veuillez le renvoyer.",
                         "Das Formular war veraltet oder kam von anderswo. Bitte noch einmal absenden."},
    [TEXT_EMAIL_BAD] = {"Enter an e-mail address such as name@example.org.", "Saisissez une adresse telle que nom@example.org.",
                        "Geben Sie eine Adresse wie name@example.org ein."},
    [TEXT_NAME_BAD] = {"Enter a name of 1 to 100 characters.", "Saisissez un nom de 1 à 100 caractères.",
                       "Geben Sie einen Namen von 1 bis 100 Zeichen ein."},
    [TEXT_PASSWORD_SHORT] = {"The password needs at least 10 characters.", "Le mot de passe doit avoir au moins 10 caractères.",
                             "Das Passwort braucht mindestens 10 Zeichen."},
    [TEXT_PASSWORD_LONG] = {"The password may have at most 256 bytes.", "Le mot de passe peut avoir au plus 256 octets.",
                            "Das Passwort darf höchstens 256 Byte haben."},
    [TEXT_PASSWORD_COMMON] = {"This password is among the first that others would try. Choose another.",
                              "Ce mot de passe est parmi les premiers que l’on essaie. Choisissez-en un autre.",
                              "Dieses Passwort würden andere zuerst versuchen. Wählen Sie ein anderes."},
    [TEXT_PASSWORD_EMAIL] = {"The password must not be the e-mail address.",
                             "Le mot de passe ne doit pas être l’adresse e-mail.",
                             "Das Passwort darf nicht die E-Mail-Adresse sein."},
    [TEXT_EMAIL_TAKEN] = {"There is an account with this e-mail address. Sign in instead.",
                          "Il existe déjà un compte avec cette adresse. Connectez-vous.",
                          "Mit dieser Adresse gibt es schon ein Konto. Melden Sie sich an."},
    [TEXT_CONSENT] = {"%s asks for access to your account", "%s demande l’accès à votre compte",
                      "%s bittet um Zugriff auf Ihr Konto"},
    [TEXT_CONSENT_WHO] = {"You are signed in as %s. It will be able to:",
                          "Vous êtes connecté en tant que %s. L’application pourra :",
                          "Sie sind als %s angemeldet. Die Anwendung darf dann:"},
    [TEXT_ALLOW] = {"Allow", "Autoriser", "Erlauben"},
    [TEXT_DENY] = {"Deny", "Refuser", "Ablehnen"},
    [TEXT_SIGN_OUT] = {"Sign out", "Se déconnecter", "Abmelden"},
    [TEXT_SIGN_OUT_ASK] = {"Do you want to sign out?", "Voulez-vous vous déconnecter ?", "Möchten Sie sich abmelden?"},
    [TEXT_SIGNED_OUT] = {"You are signed out.", "Vous êtes déconnecté.", "Sie sind abgemeldet."},
    [TEXT_BACK] = {"Back to the start", "Retour à l’accueil", "Zur Startseite"},
    [TEXT_SCOPE_OPENID] = {"know who you are", "savoir qui vous êtes", "wissen, wer Sie sind"},
    [TEXT_SCOPE_PROFILE] = {"see your name", "voir votre nom", "Ihren Namen sehen"},
    [TEXT_SCOPE_EMAIL] = {"see your e-mail address", "voir votre adresse e-mail", "Ihre E-Mail-Adresse sehen"},
    [TEXT_SCOPE_OFFLINE] = {"keep this access while you are away", "garder cet accès en votre absence",
                            "diesen Zugriff auch ohne Sie behalten"},
    [TEXT_SCOPE_READ] = {"read: %s", "lire : %s", "lesen: %s"},
    [TEXT_SCOPE_WRITE] = {"change and use: %s", "modifier et utiliser : %s", "ändern und nutzen: %s"},
};

static const char *const codes[] = {"en", "fr", "de"};

/* The first language of a list such as "fr-CA, de;q=0.7" that we have; quality values are taken as sorted, as browsers send
 * them. */
static int lang_in(const char *list) {
    while (list && *list) {
        list += strspn(list, ", ");
        for (int i = 0; i < 3; i++)
            if (strncasecmp(list, codes[i], 2) == 0 && (list[2] == '\0' || strchr("-,; ", list[2]))) return i;
        list += strcspn(list, ", ");
    }
    return -1;
}

enum lang lang_of(const struct request *rq) {
    int asked = lang_in(request_arg(rq, "ui_locales"));
    if (asked < 0) asked = lang_in(request_header(rq, "accept-language"));
    return asked < 0 ? LANG_EN : (enum lang)asked;
}

const char *lang_query(const struct request *rq) {
    int asked = lang_in(request_arg(rq, "ui_locales"));
    return asked < 0 ? "" : scope_printf(rq->scope, "?ui_locales=%s", codes[asked]);
}

const char *lang_code(enum lang lang) {
    return codes[lang];
}

const char *text_in(enum lang lang, enum text text) {
    return texts[text][lang];
}

const char *text_put(struct scope *s, enum lang lang, enum text text, const char *value) {
    const char *format = text_in(lang, text), *place = strstr(format, "%s");
    return place ? scope_printf(s, "%.*s%s%s", (int)(place - format), format, value, place + 2) : format;
}
