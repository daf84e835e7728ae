/*
 * hash64 is XXH64 (libxxhash), seed 0: names, checksums of batches. SHA-256 is OpenSSL's:
 * identities of data sets, recipes and models. CRC-32 is zlib's: members of packed shards. CRC-32C
 * is that of other software's record files.
 *
 *     uint64_t h = hash64(pixels, size);
 *     struct sha256 *s;  sha256_open(&s, &err); sha256_add(s, text, n); sha256_close(s, hex, &err);
 */
#ifndef TENFOLD_BASE_HASH_H
#define TENFOLD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

uint64_t hash64(const void *data, size_t size);
uint64_t hash64_text(const char *text);
/* hash64 of "first/second". */
uint64_t hash64_pair(const char *first, const char *second);

/* The CRC-32 of gzip, PNG and ZIP. */
uint32_t crc32_of(const void *data, size_t size);
/* Castagnoli's, of iSCSI (RFC 3720) and TFRecord. */
uint32_t crc32c_of(const void *data, size_t size);

struct sha256; /* opaque */

int sha256_open(struct sha256 **sha, struct error *err);
void sha256_add(struct sha256 *sha, const void *data, size_t size);
/* Ends and frees; `hex` gets 64 lower-case digits and a NUL. Fails only where OpenSSL does. */
int sha256_close(struct sha256 *sha, char hex[65], struct error *err);
void sha256_abandon(struct sha256 *sha); /* only frees; NULL is a no-op */
int sha256_of(const void *data, size_t size, char hex[65], struct error *err);

#endif
