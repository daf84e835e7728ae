/*
 * MUNGE credentials, with which a cluster's nodes believe each other's users: a key travels in one
 * that only the daemon's user can open, once. Where it was built without libmunge all of this is
 * refused.
 *
 *     char *credential;
 *     if (credential_make(key, daemon_uid, &credential, &err) < 0) ...      // the client
 *     if (credential_open(credential, size, uid, key) == 0) ...             // the daemon
 */
#ifndef TENFOLD_LOADER_CREDENTIAL_H
#define TENFOLD_LOADER_CREDENTIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum { CREDENTIAL_KEY = 32, CREDENTIAL_MAX = 8192 };

/* ERROR_USAGE where there is no MUNGE. */
int credential_check(struct error *err);
/* Fresh text (free()). */
int credential_make(const uint8_t key[CREDENTIAL_KEY], uid_t reader, char **credential,
                    struct error *err);
/* -1: no credential, an old one, one seen before, or not of user `from`. Text from outside. */
int credential_open(const char *credential, size_t size, uid_t from, uint8_t key[CREDENTIAL_KEY]);

#endif
