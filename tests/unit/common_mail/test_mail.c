/* How messages are written, and that they arrive: in the folder, and at the stand-in server of tests/standins/smtp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/http.h"
#include "common/mail.h"

#define ID "01890a5d-ac96-774b-bcce-b302099a8057"

static struct scope s;
static char folder[64];

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 30000);
    snprintf(folder, sizeof folder, "/tmp/nadir-mail-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    unsetenv("NADIR_SMTP_URL");
    unsetenv("NADIR_SMTP_USER");
    unsetenv("NADIR_SMTP_PASSWORD");
    scope_end(&s);
    return system(command);
}

static struct mail message(void) {
    return (struct mail){.to = "ana@example.org", .subject = "Three scenes", .text = "Hello\n", .id = ID};
}

static int compose(const struct mail *m, char **out) {
    return mail_compose(&s, m, "nadir@nadir.example", 1700000000, out);
}

static void plain_messages_are_written_as_they_are(void **state) {
    (void)state;
    char *text;
    struct mail m = message();
    m.to_name = "Ana O'Neill";
    assert_int_equal(compose(&m, &text), 0);
    assert_string_equal(text, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
                              "From: nadir@nadir.example\r\n"
                              "To: Ana O'Neill <ana@example.org>\r\n"
                              "Subject: Three scenes\r\n"
                              "Message-ID: <" ID "@nadir.example>\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n"
                              "Auto-Submitted: auto-generated\r\n"
                              "\r\n"
                              "Hello\r\n");
}

/* Python's e-mail package reads the message back and prints what a reader sees. */
static const char *as_read(const char *message_text, const char *field) {
    char path[96], command[400];
    static char out[65536];
    snprintf(path, sizeof path, "%s/read.eml", folder);
    FILE *f = fopen(path, "w");
    fputs(message_text, f);
    fclose(f);
    snprintf(command, sizeof command,
             "/usr/bin/python3 -c \"import email,email.policy,sys; m=email.message_from_binary_file(open('%s','rb'),"
             "policy=email.policy.default); sys.stdout.buffer.write((m.get_content().replace(chr(13), '') if '%s'=='body' else "
             "str(m['%s'])).encode()); sys.exit(len(m.defects))\"",
             path, field, field);
    FILE *p = popen(command, "r");
    size_t len = fread(out, 1, sizeof out - 1, p);
    out[len] = '\0';
    assert_int_equal(pclose(p), 0);
    return out;
}

static void text_of_any_language_is_read_as_it_was_meant(void **state) {
    (void)state;
    char *text;
    struct mail m = message();
    m.subject = "Neue Szenen über der Südküste Grönlands, zwölf weitere und noch eine: „Sermersooq“ – Καλημέρα 日本語 "
                "🛰";
    m.to_name = "Zoë \"the <best>\" Åström, Ph.D.";
    m.text = "Grüße\nété\n.\n日本語 の テキスト\n";
    assert_int_equal(compose(&m, &text), 0);
    for (const char *line = text; *line; line = strstr(line, "\r\n") + 2) assert_true(strstr(line, "\r\n") - line <= 76);
    for (const char *c = text; *c; c++) assert_true((unsigned char)*c < 127);
    assert_string_equal(as_read(text, "subject"), m.subject);
    assert_string_equal(as_read(text, "body"), m.text);
    assert_string_equal(as_read(text, "to"), "\"Zoë \\\"the <best>\\\" Åström, Ph.D.\" <ana@example.org>");
}

static void long_lines_and_words_that_look_encoded_survive(void **state) {
    (void)state;
    char *text, line[3001];
    memset(line, 'x', sizeof line - 1);
    line[3000] = '\0';
    struct mail m = message();
    m.subject = "=?UTF-8?B?c2VjcmV0?= as it is";
    m.text = line;
    assert_int_equal(compose(&m, &text), 0);
    assert_string_equal(as_read(text, "subject"), m.subject);
    assert_memory_equal(as_read(text, "body"), line, 3000);
}

static void headers_cannot_be_added(void **state) {
    (void)state;
    char *text;
    static const char *const subjects[] = {"a\r\nBcc: eve@example.org", "a\nb", "a\rb", "a\tb", "a\x01", "a\x7f", "\xff\xfe"};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct mail m = message();
        m.subject = subjects[i];
        assert_int_equal(compose(&m, &text), NADIR_EINVAL);
        m = message();
        m.to_name = subjects[i];
        assert_int_equal(compose(&m, &text), NADIR_EINVAL);
    }
    static const char *const addresses[] = {"",
                                            "ana",
                                            "@example.org",
                                            "ana@",
                                            "a b@c.de",
                                            "a@b@c.de",
                                            "<ana@example.org>",
                                            "ana@example.org\r\nBcc: x@y.z",
                                            "a@-b.de",
                                            "a..b@c.de",
                                            "ana@example.org, x@y.z",
                                            "ana@ex\xc3\xa4mple.org",
                                            "a@b.de>",
                                            "a@b.de\nX:",
                                            "\"a\"@b.de"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct mail m = message();
        m.to = addresses[i];
        assert_int_equal(compose(&m, &text), NADIR_EINVAL);
    }
    struct mail m = message();
    m.id = "x>\r\nBcc: eve@example.org";
    assert_int_equal(compose(&m, &text), NADIR_EINVAL);
    assert_int_equal(mail_compose(&s, &(struct mail){.to = "a@b.de", .subject = "s", .text = "t"}, "no address", 0, &text),
                     NADIR_EINVAL);
}

static const char *file_read(const char *name) {
    static char text[8192];
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    if (!f) return NULL;
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[len] = '\0';
    return text;
}

static void without_a_server_messages_become_files(void **state) {
    (void)state;
    struct mail m = message();
    setenv("NADIR_STATE", folder, 1);
    assert_int_equal(mail_send(&s, &m), 0);
    assert_int_equal(mail_send(&s, &m), 0);
    const char *text = file_read("mail/" ID ".eml");
    assert_non_null(text);
    assert_non_null(strstr(text, "To: ana@example.org\r\n"));
    assert_null(file_read("mail/" ID ".eml.new"));
    m.to = "nobody";
    assert_int_equal(mail_send(&s, &m), NADIR_EINVAL);
}

/* ---- the stand-in ---- */

struct server {
    pid_t pid;
    int in, port;
};

static struct server server_start(const char *option, const char *value) {
    int in[2], out[2];
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    struct server server = {.pid = fork(), .in = in[1]};
    if (server.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execl("/usr/bin/python3", "python3", NADIR_SOURCE "/tests/standins/smtp/server.py", "--folder", folder, option, value,
              (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    char line[16] = "";
    ssize_t n = read(out[0], line, sizeof line - 1);
    close(out[0]);
    server.port = n > 0 ? atoi(line) : 0;
    char url[64];
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d", server.port);
    setenv("NADIR_SMTP_URL", url, 1);
    return server;
}

static void server_stop(struct server server) {
    int status;
    close(server.in);
    assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
}

static struct server server_or_skip(const char *option, const char *value) {
    struct server server = server_start(option, value);
    if (server.port == 0) {
        server_stop(server);
        print_message("SKIPPED: python3-aiosmtpd is not installed\n");
        skip();
    }
    return server;
}

static void a_server_gets_the_message_whole(void **state) {
    (void)state;
    struct server server = server_or_skip(NULL, NULL);
    struct mail m = message();
    m.text = "one\n.\n..two\nFrom here\nthree";
    assert_int_equal(mail_send(&s, &m), 0);
    server_stop(server);
    assert_string_equal(file_read("1.json"), "{\"from\": \"nadir@localhost\", \"to\": [\"ana@example.org\"]}");
    const char *text = file_read("1.eml");
    assert_non_null(strstr(text, "Message-ID: <" ID "@localhost>\r\n"));
    assert_non_null(strstr(text, "\r\n\r\none\r\n.\r\n..two\r\nFrom here\r\nthree\r\n"));
}

static void a_server_that_wants_a_login_gets_it(void **state) {
    (void)state;
    struct server server = server_or_skip("--login", "nadir:open sesame");
    struct mail m = message();
    assert_int_equal(mail_send(&s, &m), NADIR_EUNAVAILABLE); /* our settings are wrong: later it may go */
    setenv("NADIR_SMTP_USER", "nadir", 1);
    setenv("NADIR_SMTP_PASSWORD", "wrong", 1);
    assert_int_equal(mail_send(&s, &m), NADIR_EUNAVAILABLE);
    setenv("NADIR_SMTP_PASSWORD", "open sesame", 1);
    assert_int_equal(mail_send(&s, &m), 0);
    server_stop(server);
    assert_non_null(file_read("1.eml"));
    assert_null(file_read("2.eml"));
}

static void refusals_are_told_from_being_busy(void **state) {
    (void)state;
    struct mail m = message();
    struct server server = server_or_skip("--refuse", m.to);
    assert_int_equal(mail_send(&s, &m), NADIR_EDENIED);
    server_stop(server);
    assert_int_equal(mail_send(&s, &m), NADIR_EUNAVAILABLE); /* nobody listens */
    server = server_or_skip("--busy", m.to);
    assert_int_equal(mail_send(&s, &m), NADIR_EUNAVAILABLE);
    server_stop(server);
}

static void many_messages_share_a_connection(void **state) {
    (void)state;
    struct server server = server_or_skip("--refuse", "eve@example.org");
    struct mail list[] = {message(), message(), message(), message(), message()};
    int errs[5];
    list[3].to = "eve@example.org";
    mail_send_many(&s, list, 5, errs);
    server_stop(server);
    for (int i = 0; i < 5; i++) assert_int_equal(errs[i], i == 3 ? NADIR_EDENIED : 0);
    const char *first = scope_strdup(&s, file_read("1.port"));
    assert_string_equal(file_read("2.port"), first);
    assert_string_equal(file_read("3.port"), first);
    assert_non_null(file_read("4.eml"));
    assert_null(file_read("5.eml"));
}

static void a_server_that_ends_connections_gets_another(void **state) {
    (void)state;
    struct server server = server_or_skip("--most", "2");
    const struct mail list[] = {message(), message(), message(), message(), message()};
    int errs[5];
    mail_send_many(&s, list, 5, errs);
    server_stop(server);
    for (int i = 0; i < 5; i++) assert_int_equal(errs[i], 0);
    const char *first = scope_strdup(&s, file_read("1.port"));
    assert_string_equal(file_read("2.port"), first);
    assert_string_not_equal(file_read("3.port"), first);
    assert_non_null(file_read("5.eml"));
}

static void what_there_is_no_time_for_is_not_begun(void **state) {
    (void)state;
    struct scope brief;
    const struct mail list[] = {message(), message()};
    int errs[2];
    setenv("NADIR_STATE", folder, 1);
    scope_init(&brief, "test", 5000);
    mail_send_many(&brief, list, 2, errs);
    scope_end(&brief);
    assert_int_equal(errs[0], 0);
    assert_int_equal(errs[1], NADIR_EBUSY);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_messages_are_written_as_they_are, begin, end),
        cmocka_unit_test_setup_teardown(text_of_any_language_is_read_as_it_was_meant, begin, end),
        cmocka_unit_test_setup_teardown(long_lines_and_words_that_look_encoded_survive, begin, end),
        cmocka_unit_test_setup_teardown(headers_cannot_be_added, begin, end),
        cmocka_unit_test_setup_teardown(without_a_server_messages_become_files, begin, end),
        cmocka_unit_test_setup_teardown(a_server_gets_the_message_whole, begin, end),
        cmocka_unit_test_setup_teardown(a_server_that_wants_a_login_gets_it, begin, end),
        cmocka_unit_test_setup_teardown(refusals_are_told_from_being_busy, begin, end),
        cmocka_unit_test_setup_teardown(many_messages_share_a_connection, begin, end),
        cmocka_unit_test_setup_teardown(a_server_that_ends_connections_gets_another, begin, end),
        cmocka_unit_test_setup_teardown(what_there_is_no_time_for_is_not_begun, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
