#include "base/hash.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zlib.h>

struct sha256 {
    EVP_MD_CTX *context; /* owned */
    bool failed;
};

uint64_t hash64(const void *data, size_t size)
{
    return XXH64(data, size, 0);
}

uint64_t hash64_text(const char *text)
{
    return hash64(text, strlen(text));
}

uint64_t hash64_pair(const char *first, const char *second)
{
    XXH64_state_t state;
    XXH64_reset(&state, 0);
    XXH64_update(&state, first, strlen(first));
    XXH64_update(&state, "/", 1);
    XXH64_update(&state, second, strlen(second));
    return XXH64_digest(&state);
}

uint32_t crc32_of(const void *data, size_t size)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, size);
}

uint32_t crc32c_of(const void *data, size_t size)
{
    /* The remainders of half a byte by the polynomial 0x1edc6f41, bits reversed. */
    static const uint32_t half[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
                                       0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
                                       0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };
    const unsigned char *byte = data;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= byte[i];
        crc = crc >> 4 ^ half[crc & 15];
        crc = crc >> 4 ^ half[crc & 15];
    }
    return ~crc;
}

int sha256_open(struct sha256 **sha, struct error *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct sha256 *opened = OPENSSL_zalloc(sizeof(*opened));
    if (!context || !opened || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        OPENSSL_free(opened);
        return error_set(err, ERROR_FAILED, NULL, "SHA-256 is not available from OpenSSL");
    }
    opened->context = context;
    *sha = opened;
    return 0;
}

void sha256_add(struct sha256 *sha, const void *data, size_t size)
{
    if (EVP_DigestUpdate(sha->context, data, size) != 1)
        sha->failed = true;
}

int sha256_close(struct sha256 *sha, char hex[65], struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool done = !sha->failed && EVP_DigestFinal_ex(sha->context, digest, NULL) == 1;
    EVP_MD_CTX_free(sha->context);
    OPENSSL_free(sha);
    if (!done)
        return error_set(err, ERROR_FAILED, NULL, "SHA-256 failed in OpenSSL");
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

void sha256_abandon(struct sha256 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->context);
    OPENSSL_free(sha);
}

int sha256_of(const void *data, size_t size, char hex[65], struct error *err)
{
    struct sha256 *sha;
    if (sha256_open(&sha, err) < 0)
        return -1;
    sha256_add(sha, data, size);
    return sha256_close(sha, hex, err);
}
