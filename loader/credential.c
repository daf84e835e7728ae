#include "loader/credential.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBMUNGE
#include <munge.h>

#include "base/memory.h"

/* Replays are refused by munged; a minute bounds what it has to remember. */
enum { LIFE_SECONDS = 60 };

int credential_check(struct error *err)
{
    (void)err;
    return 0;
}

int credential_make(const uint8_t key[CREDENTIAL_KEY], uid_t reader, char **credential,
                    struct error *err)
{
    munge_ctx_t context = munge_ctx_create();
    munge_err_t rc = EMUNGE_NO_MEMORY;
    char *made = NULL;
    if (context)
        rc = munge_ctx_set(context, MUNGE_OPT_UID_RESTRICTION, reader);
    if (rc == EMUNGE_SUCCESS)
        rc = munge_ctx_set(context, MUNGE_OPT_TTL, LIFE_SECONDS);
    if (rc == EMUNGE_SUCCESS)
        rc = munge_encode(&made, context, key, CREDENTIAL_KEY);
    if (rc != EMUNGE_SUCCESS)
        error_set(err, ERROR_FAILED, "MUNGE", "no credential: %s", munge_strerror(rc));
    munge_ctx_destroy(context);
    *credential = made;
    return rc == EMUNGE_SUCCESS ? 0 : -1;
}

int credential_open(const char *credential, size_t size, uid_t from, uint8_t key[CREDENTIAL_KEY])
{
    char text[CREDENTIAL_MAX];
    void *payload = NULL;
    int length = 0, result = -1;
    uid_t uid = (uid_t)-1;
    gid_t gid;
    if (size >= sizeof(text))
        return -1;
    memcpy(text, credential, size);
    text[size] = '\0';
    munge_err_t rc = munge_decode(text, NULL, &payload, &length, &uid, &gid);
    if (rc == EMUNGE_SUCCESS && uid == from && length == CREDENTIAL_KEY) {
        memcpy(key, payload, CREDENTIAL_KEY);
        result = 0;
    }
    if (payload && length > 0)
        explicit_bzero(payload, (size_t)length);
    free(payload);
    return result;
}

#else

static int refuse(struct error *err)
{
    return error_set(err, ERROR_USAGE, "--munge",
                     "this program was built without libmunge (Debian: libmunge-dev)");
}

int credential_check(struct error *err)
{
    return refuse(err);
}

int credential_make(const uint8_t key[CREDENTIAL_KEY], uid_t reader, char **credential,
                    struct error *err)
{
    (void)key;
    (void)reader;
    *credential = NULL;
    return refuse(err);
}

int credential_open(const char *credential, size_t size, uid_t from, uint8_t key[CREDENTIAL_KEY])
{
    (void)credential;
    (void)size;
    (void)from;
    (void)key;
    return -1;
}

#endif
