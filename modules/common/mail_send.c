/* mail_send.c: where a message goes: to the server, by libcurl, or into the folder. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config.h"
#include "common/id.h"
#include "common/log.h"
#include "common/mail.h"

#define TIMEOUT_MS 20000

/* ---- the folder ---- */

static int write_whole(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return NADIR_EUNAVAILABLE;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The file appears whole, by rename; the same id again replaces it. */
static int to_folder(struct scope *s, const char *message, const char *id) {
    const char *state = config_text("NADIR_STATE", NULL);
    if (!state) {
        log_error(s, "mail goes nowhere: neither NADIR_SMTP_URL nor NADIR_STATE is set", NULL);
        return NADIR_EUNAVAILABLE;
    }
    const char *folder = scope_printf(s, "%s/mail", state);
    const char *path = scope_printf(s, "%s/%s.eml", folder, id), *fresh = scope_printf(s, "%s.new", path);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) return NADIR_EUNAVAILABLE;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return NADIR_EUNAVAILABLE;
    int err = write_whole(fd, message, strlen(message));
    if (fsync(fd) != 0) err = NADIR_EUNAVAILABLE;
    close(fd);
    if (!err && rename(fresh, path) != 0) err = NADIR_EUNAVAILABLE;
    if (err) unlink(fresh);
    return err;
}

/* ---- the server ---- */

struct source {
    const char *bytes;
    size_t left;
};

static size_t give(char *to, size_t size, size_t count, void *arg) {
    struct source *from = arg;
    size_t len = size * count < from->left ? size * count : from->left;
    memcpy(to, from->bytes, len);
    from->bytes += len;
    from->left -= len;
    return len;
}

static void handle_release(void *curl) {
    curl_easy_cleanup(curl);
}

static bool is_loopback(const char *url) {
    CURLU *u = curl_url();
    char *host = NULL;
    bool here = u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0);
    curl_free(host);
    curl_url_cleanup(u);
    return here;
}

/* A connection to the server, made with the first message and kept for the next. */
static CURL *prepare(struct scope *s, const char *url) {
    CURL *curl = curl_easy_init();
    if (!curl) return NULL;
    scope_defer(s, handle_release, curl);
    const char *user = config_text("NADIR_SMTP_USER", NULL), *password = config_text("NADIR_SMTP_PASSWORD", NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, is_loopback(url) ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    if (user) curl_easy_setopt(curl, CURLOPT_USERNAME, user);
    if (password) curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    return curl;
}

static int say(struct scope *s, CURL *curl, const char *from, const char *to, const char *message) {
    struct source source = {message, strlen(message)};
    int left = scope_left_ms(s, TIMEOUT_MS);
    if (left == 0) return NADIR_ETIMEOUT;
    struct curl_slist *recipients = curl_slist_append(NULL, scope_printf(s, "<%s>", to));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, scope_printf(s, "<%s>", from));
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_READDATA, &source);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(recipients);
    long reply = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
    if (code == CURLE_OK) return 0;
    log_warn(s, "mail was not taken", "why", curl_easy_strerror(code), "reply", scope_printf(s, "%ld", reply), NULL);
    if (code == CURLE_OPERATION_TIMEDOUT) return NADIR_ETIMEOUT;
    /* What our own settings cause (no TLS, a login that fails, 530 to 538) is not the message's fault: another try may do. */
    bool ours = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED || code == CURLE_PEER_FAILED_VERIFICATION ||
                (reply >= 530 && reply <= 538);
    if (reply >= 500 && reply < 600 && !ours) return NADIR_EDENIED;
    return NADIR_EUNAVAILABLE;
}

/* A server may end a connection after as many messages as it likes (421), so what an old one did not take goes by a new one. */
static int to_server(struct scope *s, CURL *curl, const char *from, const char *to, const char *message) {
    long fresh = 0;
    int err = say(s, curl, from, to, message);
    if (err != NADIR_EUNAVAILABLE) return err;
    if (curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &fresh) != CURLE_OK || fresh > 0) return err;
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    err = say(s, curl, from, to, message);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 0L);
    return err;
}

static int one_send(struct scope *s, CURL *curl, const struct mail *m) {
    const char *from = config_text("NADIR_MAIL_FROM", "nadir@localhost");
    struct mail named = *m;
    char id[ID_SIZE], *message;
    if (!named.id) {
        id_new(id);
        named.id = id;
    }
    int err = mail_compose(s, &named, from, time(NULL), &message);
    if (err) return err;
    return curl ? to_server(s, curl, from, m->to, message) : to_folder(s, message, named.id);
}

void mail_send_many(struct scope *s, const struct mail *list, size_t count, int *errs) {
    const char *url = config_text("NADIR_SMTP_URL", NULL);
    CURL *curl = url && *url ? prepare(s, url) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (url && *url && !curl)
            errs[i] = NADIR_ENOMEM;
        else if (i > 0 && scope_left_ms(s, TIMEOUT_MS) < TIMEOUT_MS)
            errs[i] = NADIR_EBUSY;
        else
            errs[i] = one_send(s, curl, &list[i]);
    }
}

int mail_send(struct scope *s, const struct mail *m) {
    int err;
    mail_send_many(s, m, 1, &err);
    return err;
}
