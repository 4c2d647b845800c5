/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_CRYPT_H
#include <crypt.h>
#else
#include <unistd.h>
#endif
#include <openssl/evp.h>
#include <string.h>

#include "mem.h"
#include "password.h"
#include "strutil.h"

#define HASH_MAX 512
#define SSHA_SALT 8

enum encoding { ENCODE_BASE64, ENCODE_HEX };

struct scheme {
    const char *name, *prefix;
    const EVP_MD *(*digest)(void);
    enum encoding encoding;
    size_t salt; /* bytes of salt in a new hash */
};

/* What an unknown account is compared with: the last hash of a known one, so that both take equally long. */
static char dummy_hash[HASH_MAX] = "$6$mailreeve0000000$";

static const struct scheme schemes[] = {
    {"md5raw", "{MD5RAW}", EVP_md5, ENCODE_HEX, 0},
    {"md5", "{MD5}", EVP_md5, ENCODE_BASE64, 0},
    {"sha256", "{SHA256}", EVP_sha256, ENCODE_BASE64, 0},
    {"sha512", "{SHA512}", EVP_sha512, ENCODE_BASE64, 0},
    {"ssha", "{SSHA}", EVP_sha1, ENCODE_BASE64, SSHA_SALT},
    {"sha", "{SHA}", EVP_sha1, ENCODE_BASE64, 0},
};

/* ---- digests ------------------------------------------------------------------------------ */

/* Appends digest(password + salt) in the scheme's encoding, the salt behind the digest. 0 or -1. */
static int
digest_encode(const struct scheme *s, const char *password, const void *salt, size_t nsalt, struct buf *to)
{
    unsigned char out[EVP_MAX_MD_SIZE + PASSWORD_MAX];
    char hex[2 * sizeof(out) + 1];
    unsigned n = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_create();
    int ok = ctx && nsalt <= PASSWORD_MAX && EVP_DigestInit_ex(ctx, s->digest(), NULL) &&
             EVP_DigestUpdate(ctx, password, strlen(password)) && EVP_DigestUpdate(ctx, salt, nsalt) &&
             EVP_DigestFinal_ex(ctx, out, &n);

    EVP_MD_CTX_destroy(ctx);
    if (!ok)
        return -1;
    if (nsalt)
        memcpy(out + n, salt, nsalt);
    if (s->encoding == ENCODE_BASE64)
        return base64_encode(to, out, n + nsalt);
    str_hex(hex, out, n);
    return buf_puts(to, hex);
}

static int
digest_verify(const struct scheme *s, const char *hash, const char *password)
{
    struct buf stored, made;
    size_t n = (size_t)EVP_MD_size(s->digest());
    int ok = 0;

    buf_init(&stored, EVP_MAX_MD_SIZE + PASSWORD_MAX);
    buf_init(&made, 4 * (EVP_MAX_MD_SIZE + PASSWORD_MAX));
    if (!s->salt) {
        ok = digest_encode(s, password, NULL, 0, &made) == 0 && buf_len(&made) == strlen(hash) &&
             mem_equal_secret(buf_data(&made), hash, buf_len(&made));
    } else if (base64_decode(&stored, hash, strlen(hash)) == 0 && buf_len(&stored) >= n) {
        ok = digest_encode(s, password, buf_data(&stored) + n, buf_len(&stored) - n, &made) == 0 &&
             buf_len(&made) == strlen(hash) && mem_equal_secret(buf_data(&made), hash, buf_len(&made));
    }
    buf_free(&stored);
    buf_free(&made);
    return ok;
}

/* ---- crypt(3) ------------------------------------------------------------------------------- */

static int
crypt_verify(const char *hash, const char *password)
{
    const char *made = crypt(password, hash);

    /* Newer libraries answer a setting they cannot use with "*0" or "*1". */
    if (!made || made[0] == '*' || strlen(made) != strlen(hash))
        return 0;
    return mem_equal_secret(made, hash, strlen(hash));
}

/* Appends n random characters that a salt may have. */
static void
put_salt(struct buf *to, size_t n)
{
    static const char set[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    unsigned char r;

    while (n--) {
        random_bytes(&r, 1);
        buf_putc(to, set[r % 64]);
    }
}

/* prefix "$6$" or "$1$", as many characters of salt. */
static int
crypt_make(const char *prefix, size_t nsalt, const char *password, struct buf *to)
{
    struct buf setting;
    const char *made;
    int rc = -1;

    buf_init(&setting, 64);
    buf_puts(&setting, prefix);
    put_salt(&setting, nsalt);
    buf_putc(&setting, '$');
    made = crypt(password, buf_cstr(&setting));
    if (made && made[0] != '*' && strncmp(made, prefix, strlen(prefix)) == 0)
        rc = buf_puts(to, made);
    buf_free(&setting);
    return rc;
}

/* ---- all together -------------------------------------------------------------------------- */

static const struct scheme *
scheme_of_hash(const char *hash)
{
    size_t i;

    for (i = 0; i < MR_NELEM(schemes); i++)
        if (str_istarts(hash, schemes[i].prefix))
            return &schemes[i];
    return NULL;
}

static int
hash_verify(const char *hash, const char *password)
{
    const struct scheme *s = scheme_of_hash(hash);

    if (s)
        return digest_verify(s, hash + strlen(s->prefix), password);
    return crypt_verify(hash + (str_istarts(hash, "{CRYPT}") ? 7 : 0), password);
}

int
password_verify(const char *hash, const char *clear, const char *password)
{
    size_t n;

    if (strlen(password) > PASSWORD_MAX)
        return 0;
    if (hash && *hash && strlen(hash) < HASH_MAX) {
        strcpy(dummy_hash, hash);
        return hash_verify(hash, password);
    }
    if (clear && *clear) {
        n = strlen(clear);
        return n == strlen(password) && mem_equal_secret(clear, password, n);
    }
    hash_verify(dummy_hash, password);
    return 0;
}

int
password_hash(const char *scheme, const char *password, struct buf *to)
{
    unsigned char salt[SSHA_SALT];
    size_t i;

    if (strcmp(scheme, "$1$") == 0)
        return crypt_make("$1$", 8, password, to);
    if (str_ieq(scheme, "crypt"))
        return crypt_make("$6$", 16, password, to);
    for (i = 0; i < MR_NELEM(schemes); i++)
        if (str_ieq(scheme, schemes[i].name)) {
            random_bytes(salt, sizeof(salt));
            buf_puts(to, schemes[i].prefix);
            return digest_encode(&schemes[i], password, salt, schemes[i].salt, to);
        }
    return -1;
}

int
password_hash_like(const char *like, const char *password, struct buf *to)
{
    const struct scheme *s = scheme_of_hash(like);

    if (s)
        return password_hash(s->name, password, to);
    if (str_istarts(like, "{CRYPT}")) {
        buf_puts(to, "{CRYPT}");
        like += 7;
    }
    if (strncmp(like, "$1$", 3) == 0)
        return password_hash("$1$", password, to);
    if (*like == '$')
        return password_hash("crypt", password, to);
    return password_hash("ssha", password, to);
}
