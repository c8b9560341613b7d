#include "identity/passwords.h"

#include <argon2.h>
#include <string.h>
#include <strings.h>

#include "common/id.h"

#define PASSES 2
#define MEMORY_KIB 19456
#define LANES 1
#define SALT_SIZE 16
#define HASH_SIZE 32
#define LEAST 10 /* characters */

/* What guessers try first, of ten characters and more; compared without case. */
static const char *const common[] = {
    "1234567890",  "0123456789",   "0987654321",  "1111111111",    "0000000000",  "12345678910",  "123456789a",   "a123456789",
    "1q2w3e4r5t",  "1qaz2wsx3edc", "q1w2e3r4t5",  "qwertyuiop",    "qwerty12345", "qwerty123456", "qwertz1234",   "azertyuiop",
    "asdfghjkl1",  "abcdefghij",   "abcd123456",  "abc1234567",    "password12",  "password123",  "password1234", "password!!",
    "passw0rd123", "passwort123",  "motdepasse",  "motdepasse1",   "iloveyou12",  "iloveyou123",  "letmein123",   "welcome123",
    "welcome1234", "admin12345",   "admin123456", "administrator", "changeme123", "changemenow",  "secret1234",   "football123",
    "baseball123", "superman123",  "sunshine123", "princess123",   "monkey12345", "dragon12345",  "master12345",  "trustno1234",
    "computer123", "internet123",  "satellite1",  "sentinel-2",    "copernicus",  "copernicus1",  "landsat1234",  "earth12345",
};

static size_t characters(const char *text) {
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static bool all_same(const char *text) {
    return strspn(text, (char[]){text[0], '\0'}) == strlen(text);
}

enum text password_fault(const char *password, const char *email) {
    if (characters(password) < LEAST) return TEXT_PASSWORD_SHORT;
    if (strlen(password) > PASSWORD_MOST) return TEXT_PASSWORD_LONG;
    if (strcasecmp(password, email) == 0) return TEXT_PASSWORD_EMAIL;
    if (all_same(password)) return TEXT_PASSWORD_COMMON;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcasecmp(password, common[i]) == 0) return TEXT_PASSWORD_COMMON;
    return TEXT_NONE;
}

const char *password_hash(struct scope *s, const char *password) {
    unsigned char salt[SALT_SIZE];
    random_bytes(salt, sizeof salt);
    size_t room = argon2_encodedlen(PASSES, MEMORY_KIB, LANES, SALT_SIZE, HASH_SIZE, Argon2_id);
    char *encoded = scope_alloc(s, room);
    int err = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, strlen(password), salt, sizeof salt, HASH_SIZE,
                                    encoded, room);
    return err == ARGON2_OK ? encoded : NULL;
}

bool password_matches(const char *hash, const char *password) {
    /* Of a random password that nobody kept: so that an unknown address takes as long as a known one. */
    static const char nobody[] =
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXRoaW5ncmFuZG9tIQ$6RYJ3Q0sHFkOqkXQxkZkM3oXn5vTz1b0Yl2c2m0N3dE";
    if (strlen(password) > PASSWORD_MOST) return false;
    bool good = argon2id_verify(hash ? hash : nobody, password, strlen(password)) == ARGON2_OK;
    return hash && good;
}
