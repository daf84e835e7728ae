#include "loader/tls.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "loader/credential.h"

enum { KEY_MIN = 32, KEY_MAX = 64, KEY_FILE_MAX = 1024 };

/* The identity of a key that both sides have in a file. */
static const char file_identity[] = "tenfold";

struct tls {
    SSL_CTX *context; /* owned */
    uint8_t key[KEY_MAX];
    size_t key_size; /* 0: keys come in credentials */
    uid_t daemon;
};

struct tls_session {
    SSL *ssl;         /* owned */
    struct tls *tls;  /* borrowed */
    char *credential; /* owned: the client's, the identity of the key below */
    uint8_t key[CREDENTIAL_KEY];
};

/* What OpenSSL has to say, in a line. */
static int tls_error(struct error *err, const char *what)
{
    char text[200] = "no reason given";
    unsigned long code = ERR_get_error();
    if (code)
        ERR_error_string_n(code, text, sizeof(text));
    ERR_clear_error();
    return error_set(err, ERROR_FAILED, "TLS", "%s: %s", what, text);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static int parse_key(struct tls *t, const char *path, const char *text, struct error *err)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (text[digits + strspn(text + digits, " \r\n")] || digits % 2 || digits / 2 < KEY_MIN ||
        digits / 2 > KEY_MAX)
        return error_set(err, ERROR_USAGE, path,
                         "must hold %d to %d bytes in hexadecimal on one line, as `openssl rand "
                         "-hex %d` prints",
                         KEY_MIN, KEY_MAX, KEY_MIN);
    t->key_size = digits / 2;
    for (size_t i = 0; i < t->key_size; i++)
        t->key[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return 0;
}

static int read_key(struct tls *t, const char *path, struct error *err)
{
    char text[KEY_FILE_MAX + 1] = "";
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0) {
        error_errno(err, path, "the key cannot be read");
        err->kind = ERROR_USAGE;
        if (fd >= 0)
            close(fd);
        return -1;
    }
    int rc = -1;
    if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_MAX)
        error_set(err, ERROR_USAGE, path, "is no file with a key");
    else if (st.st_uid != geteuid() || (st.st_mode & 077))
        error_set(err, ERROR_USAGE, path,
                  "must belong to this user and be closed to others (chmod 600)");
    else if (file_read_at(fd, text, (size_t)st.st_size, 0, path, err) == 0)
        rc = parse_key(t, path, text, err);
    close(fd);
    OPENSSL_cleanse(text, sizeof(text));
    return rc;
}

/* A session to resume is how OpenSSL is given an external key. */
static SSL_SESSION *key_session(SSL *ssl, const uint8_t *key, size_t size)
{
    static const unsigned char aes128_gcm_sha256[] = { 0x13, 0x01 };
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes128_gcm_sha256);
    SSL_SESSION *session = SSL_SESSION_new();
    if (session && cipher && SSL_SESSION_set1_master_key(session, key, size) &&
        SSL_SESSION_set_cipher(session, cipher) &&
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
        return session;
    SSL_SESSION_free(session);
    return NULL;
}

/* Who accepts: the key that the peer names. */
static int find_key(SSL *ssl, const unsigned char *identity, size_t size, SSL_SESSION **session)
{
    const struct tls_session *s = SSL_get_app_data(ssl);
    const struct tls *t = s->tls;
    uint8_t key[CREDENTIAL_KEY];
    *session = NULL; /* the handshake fails where there is no key */
    if (t->key_size) {
        if (size == strlen(file_identity) && memcmp(identity, file_identity, size) == 0)
            *session = key_session(ssl, t->key, t->key_size);
    } else if (credential_open((const char *)identity, size, t->daemon, key) == 0) {
        *session = key_session(ssl, key, sizeof(key));
        OPENSSL_cleanse(key, sizeof(key));
    }
    return 1;
}

/* Who connects: the key to use and its name. */
static int use_key(SSL *ssl, const EVP_MD *md, const unsigned char **identity, size_t *size,
                   SSL_SESSION **session)
{
    const struct tls_session *s = SSL_get_app_data(ssl);
    const char *name = s->credential ? s->credential : file_identity;
    (void)md; /* there is one cipher suite */
    *session = s->credential ? key_session(ssl, s->key, sizeof(s->key))
                             : key_session(ssl, s->tls->key, s->tls->key_size);
    *identity = (const unsigned char *)name;
    *size = strlen(name);
    return *session != NULL;
}

static int set_up(struct tls *t, struct error *err)
{
    t->context = SSL_CTX_new(TLS_method());
    if (!t->context || !SSL_CTX_set_min_proto_version(t->context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(t->context, "TLS_AES_128_GCM_SHA256") ||
        !SSL_CTX_set1_groups_list(t->context, "X25519") || !SSL_CTX_set_num_tickets(t->context, 0))
        return tls_error(err, "cannot be set up");
    /* Messages say themselves where they end: a peer that was killed is no failure of TLS. */
    SSL_CTX_set_options(t->context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(t->context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(t->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_psk_find_session_callback(t->context, find_key);
    SSL_CTX_set_psk_use_session_callback(t->context, use_key);
    return 0;
}

int tls_open(struct tls **tls, const struct tls_options *options, struct error *err)
{
    struct tls *t = memory_array(1, sizeof(*t), err);
    if (!t)
        return -1;
    t->daemon = options->daemon;
    int rc = options->psk ? read_key(t, options->psk, err)
                          : credential_check(err); /* refused where there is no MUNGE */
    if (rc == 0)
        rc = set_up(t, err);
    if (rc < 0) {
        tls_close(t);
        return -1;
    }
    *tls = t;
    return 0;
}

void tls_close(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->context);
    OPENSSL_cleanse(t->key, sizeof(t->key));
    free(t);
}

/* A key of this connection's own, in a credential. */
static int make_credential(struct tls_session *s, struct error *err)
{
    if (RAND_bytes(s->key, sizeof(s->key)) != 1)
        return tls_error(err, "no random bytes");
    return credential_make(s->key, s->tls->daemon, &s->credential, err);
}

struct tls_session *tls_session(struct tls *tls, int fd, bool accepts, struct error *err)
{
    struct tls_session *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return NULL;
    s->tls = tls;
    if (!accepts && !tls->key_size && make_credential(s, err) < 0) {
        tls_end(s);
        return NULL;
    }
    s->ssl = SSL_new(tls->context);
    if (!s->ssl || !SSL_set_fd(s->ssl, fd) || !SSL_set_app_data(s->ssl, s)) {
        tls_error(err, "cannot begin");
        tls_end(s);
        return NULL;
    }
    if (accepts)
        SSL_set_accept_state(s->ssl);
    else {
        SSL_set_connect_state(s->ssl);
        /* Should who accepts come with a certificate instead, no authority vouches for it. */
        SSL_set_verify(s->ssl, SSL_VERIFY_PEER, NULL);
    }
    return s;
}

/* How a call that has done nothing has failed, as errno. */
static ssize_t refused(const struct tls_session *s, int rc, bool *wants_write)
{
    int why = SSL_get_error(s->ssl, rc);
    *wants_write = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return -1;
}

/* The peer has proven that it has the key: no other handshake is possible, and this makes sure. */
static bool proven(const struct tls_session *s)
{
    return !SSL_is_init_finished(s->ssl) || SSL_session_reused(s->ssl);
}

ssize_t tls_receive(struct tls_session *s, uint8_t *bytes, size_t n, bool *wants_write)
{
    size_t got;
    ERR_clear_error();
    *wants_write = false;
    int rc = SSL_read_ex(s->ssl, bytes, n, &got);
    if (rc != 1)
        return refused(s, rc, wants_write);
    if (proven(s))
        return (ssize_t)got;
    errno = EPROTO;
    return -1;
}

ssize_t tls_send(struct tls_session *s, const uint8_t *bytes, size_t n, bool *wants_write)
{
    size_t sent;
    ERR_clear_error();
    *wants_write = false;
    int rc = SSL_write_ex(s->ssl, bytes, n, &sent);
    if (rc == 1)
        return (ssize_t)sent;
    rc = (int)refused(s, rc, wants_write);
    if (rc == 0)
        errno = EPIPE;
    return -1;
}

int tls_handshake(struct tls_session *s, struct error *err)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(s->ssl);
    if (rc == 1 && proven(s))
        return 0;
    error_set(err, ERROR_FAILED, "TLS", "the connection was refused: is it the daemon's key?");
    return -1;
}

void tls_end(struct tls_session *s)
{
    if (!s)
        return;
    SSL_free(s->ssl);
    free(s->credential);
    OPENSSL_cleanse(s->key, sizeof(s->key));
    free(s);
}

void tls_thread_end(void)
{
    OPENSSL_thread_stop();
}
