#include "loader/pack_tar.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 512, NAME_SIZE = 100, PREFIX_SIZE = 155, NAME_MAX_BYTES = 4000 };

/* A header's fields: IEEE 1003.1, "ustar Interchange Format". */
enum {
    NAME = 0,
    MODE = 100,
    OWNER = 108,
    GROUP = 116,
    SIZE = 124,
    TIME = 136,
    CHECKSUM = 148,
    TYPE = 156,
    MAGIC = 257,
    DEVICE = 329,
    PREFIX = 345
};

static const char escaped[] = ".%";

static const char *base_of(const char *key)
{
    const char *slash = strrchr(key, '/');
    return slash ? slash + 1 : key;
}

/* The key with its base's dots and percent signs escaped. */
static int add_name(struct buffer *name, const char *key, struct error *err)
{
    const char *base = base_of(key);
    if (buffer_append(name, key, (size_t)(base - key), err) < 0)
        return -1;
    for (const char *at = base; *at;) {
        size_t plain = strcspn(at, escaped);
        if (buffer_append(name, at, plain, err) < 0)
            return -1;
        at += plain;
        if (*at && buffer_print(name, err, "%%%02x", (unsigned)*at++) < 0)
            return -1;
    }
    return 0;
}

static bool needs_key(const char *key)
{
    const char *base = base_of(key);
    return base[strcspn(base, escaped)] != '\0';
}

int tar_check_key(const char *key, struct error *err)
{
    size_t length = strlen(key);
    for (const char *base = base_of(key); *base; base++)
        length += strchr(escaped, *base) ? 2 : 0;
    if (length > NAME_MAX_BYTES)
        return error_set(err, ERROR_DATA, NULL,
                         "the key %.60s... makes a name of %zu bytes; at most %d are accepted", key,
                         length, NAME_MAX_BYTES);
    bool leads_out = key[0] == '/' || *base_of(key) == '\0';
    for (const char *part = key; part && !leads_out; part = strchr(part, '/')) {
        part += *part == '/';
        leads_out = strcspn(part, "/") == 2 && memcmp(part, "..", 2) == 0;
    }
    return leads_out ? error_set(err, ERROR_DATA, NULL,
                                 "the key %s is no path below a folder; it cannot be packed", key)
                     : 0;
}

uint64_t tar_room(uint64_t size)
{
    return BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
}

static int put(struct tar_writer *tar, const void *data, size_t size, struct error *err)
{
    static const char zeros[BLOCK];
    size_t rest = (BLOCK - size % BLOCK) % BLOCK;
    if ((size && fwrite(data, 1, size, tar->stream) != size) ||
        (rest && fwrite(zeros, 1, rest, tar->stream) != rest))
        return error_errno(err, tar->path, "cannot be written");
    tar->at += size + rest;
    return 0;
}

/* Into the fields `name` and `prefix`; false: it does not fit. */
static bool place_name(char *block, const char *name)
{
    size_t length = strlen(name);
    if (length <= NAME_SIZE) {
        memcpy(block + NAME, name, length);
        return true;
    }
    /* The first slash that leaves few enough bytes behind it. */
    const char *slash = strchr(name + length - NAME_SIZE - 1, '/');
    if (!slash || !slash[1] || slash - name > PREFIX_SIZE)
        return false;
    memcpy(block + PREFIX, name, (size_t)(slash - name));
    memcpy(block + NAME, slash + 1, strlen(slash + 1));
    return true;
}

static int put_member(struct tar_writer *tar, char *block, char type, const void *data, size_t size,
                      struct error *err)
{
    memcpy(block + MODE, "0000644", 8);
    memcpy(block + OWNER, "0000000", 8);
    memcpy(block + GROUP, "0000000", 8);
    snprintf(block + SIZE, 12, "%011zo", size);
    memcpy(block + TIME, "00000000000", 12);
    block[TYPE] = type;
    memcpy(block + MAGIC, "ustar\00000", 8);
    memcpy(block + DEVICE, "0000000\0000000000", 16);
    memset(block + CHECKSUM, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += (unsigned char)block[i];
    snprintf(block + CHECKSUM, 8, "%06o", sum);
    return put(tar, block, BLOCK, err) < 0 || put(tar, data, size, err) < 0 ? -1 : 0;
}

/* "<length> <keyword>=<value>\n", the length counting its own digits. */
static int add_record(struct buffer *meta, const char *keyword, const char *value,
                      struct error *err)
{
    size_t rest = strlen(keyword) + strlen(value) + 3, length = rest, before;
    do {
        before = length;
        length = rest + (size_t)snprintf(NULL, 0, "%zu", before);
    } while (length != before);
    return buffer_print(meta, err, "%zu %s=%s\n", length, keyword, value);
}

int tar_put(struct tar_writer *tar, const char *key, const char *extension, const void *data,
            size_t size, uint64_t *offset, struct error *err)
{
    char block[BLOCK] = { 0 }, pax[BLOCK] = { 0 };
    tar->name.size = tar->meta.size = 0;
    if (add_name(&tar->name, key, err) < 0 || buffer_print(&tar->name, err, ".%s", extension) < 0)
        return -1;
    if (!place_name(block, tar->name.data)) {
        memcpy(block + NAME, tar->name.data, NAME_SIZE);
        if (add_record(&tar->meta, "path", tar->name.data, err) < 0)
            return -1;
    }
    if (needs_key(key) && add_record(&tar->meta, "TENFOLD.key", key, err) < 0)
        return -1;
    memcpy(pax + NAME, "././@PaxHeader", 14);
    if (tar->meta.size && put_member(tar, pax, 'x', tar->meta.data, tar->meta.size, err) < 0)
        return -1;
    if (offset)
        *offset = tar->at + BLOCK;
    return put_member(tar, block, '0', data, size, err);
}

int tar_end(struct tar_writer *tar, struct error *err)
{
    static const char zeros[2 * BLOCK];
    return put(tar, zeros, sizeof(zeros), err);
}

void tar_release(struct tar_writer *tar)
{
    buffer_release(&tar->name);
    buffer_release(&tar->meta);
}
