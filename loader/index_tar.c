/*
 * The members of a tar: ustar, GNU long names and pax paths and sizes, and the pax record
 * TENFOLD.key for keys that a member's name cannot hold. Only headers (and the few bytes of `.cls`
 * members) are read. A tar from elsewhere is not trusted: checksums must agree, sizes must lie
 * inside the file, and it must have its end mark, for a copy that broke off between two members has
 * none.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "loader/index_private.h"

enum { BLOCK = INDEX_BLOCK, NAME_BYTES = 4096, META_MAX = 1 << 20, CLASS_MAX = 256 };

/* Places in a header block. */
enum { NAME = 0, SIZE = 124, CHECKSUM = 148, TYPE = 156, MAGIC = 257, PREFIX = 345 };

struct tar {
    struct index_build *build;
    int fd;
    const char *path;
    uint32_t part;
    uint64_t file_size, at;
    char long_name[NAME_BYTES]; /* from a GNU or pax member, for the next one; "": none */
    char key[NAME_BYTES];       /* likewise; "": the name tells it */
    uint64_t long_size;
    bool has_long_size;
    struct buffer meta;
};

/* An octal field, or base 256 where the first bit is set (GNU, above 8 GB). False: neither. */
static bool read_field(const uint8_t *field, int size, uint64_t *value)
{
    *value = 0;
    if (field[0] & 0x80) {
        *value = field[0] & 0x7f;
        for (int i = 1; i < size; i++) {
            if (*value >> 55)
                return false;
            *value = *value << 8 | field[i];
        }
        return true;
    }
    int i = 0;
    while (i < size && field[i] == ' ')
        i++;
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    return i == size || field[i] == ' ' || field[i] == '\0';
}

static bool checksum_fits(const uint8_t *block)
{
    uint64_t stated, sum = 0;
    for (int i = 0; i < BLOCK; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : block[i];
    return read_field(block + CHECKSUM, 8, &stated) && stated == sum;
}

static bool is_zero(const uint8_t *block)
{
    for (int i = 0; i < BLOCK; i++)
        if (block[i])
            return false;
    return true;
}

/* "27 path=some/name\n" records of a pax header. */
static int read_pax(struct tar *t, struct error *err)
{
    char *at = t->meta.data, *end = at + t->meta.size;
    while (at < end) {
        char *rest;
        unsigned long length = strtoul(at, &rest, 10);
        if (length < 5 || length > (size_t)(end - at) || *rest != ' ' || at[length - 1] != '\n')
            return error_set(err, ERROR_DATA, t->path, "broken pax header at byte %llu",
                             (unsigned long long)t->at);
        char *key = rest + 1, *stop = at + length - 1;
        *stop = '\0';
        bool is_path = strncmp(key, "path=", 5) == 0;
        if (is_path || strncmp(key, "TENFOLD.key=", 12) == 0) {
            char *value = strchr(key, '=') + 1;
            if ((size_t)(stop - value) >= NAME_BYTES)
                return error_set(err, ERROR_DATA, t->path,
                                 "a member's name is longer than %d bytes", NAME_BYTES - 1);
            memcpy(is_path ? t->long_name : t->key, value, (size_t)(stop - value) + 1);
        } else if (strncmp(key, "size=", 5) == 0) {
            t->long_size = strtoull(key + 5, NULL, 10);
            t->has_long_size = true;
        }
        at += length;
    }
    return 0;
}

/* A member that describes the next one. */
static int read_meta(struct tar *t, char type, uint64_t size, struct error *err)
{
    if (size > META_MAX)
        return error_set(err, ERROR_DATA, t->path,
                         "a header of %llu bytes at byte %llu; at most %d are accepted",
                         (unsigned long long)size, (unsigned long long)t->at, META_MAX);
    t->meta.size = 0;
    if (buffer_reserve(&t->meta, (size_t)size, err) < 0 ||
        file_read_at(t->fd, t->meta.data, (size_t)size, t->at, t->path, err) < 0)
        return -1;
    t->meta.size = (size_t)size;
    t->meta.data[size] = '\0';
    if (type == 'x')
        return read_pax(t, err);
    if (strlen(t->meta.data) >= sizeof(t->long_name))
        return error_set(err, ERROR_DATA, t->path, "a member's name is longer than %d bytes",
                         NAME_BYTES - 1);
    memcpy(t->long_name, t->meta.data, strlen(t->meta.data) + 1);
    return 0;
}

static int add_class(struct tar *t, uint64_t key, uint64_t size, struct error *err)
{
    struct index_label label = { .key = key };
    char text[CLASS_MAX + 1];
    if (size > CLASS_MAX)
        return error_set(err, ERROR_DATA, t->path,
                         "a class of %llu bytes at byte %llu; at most %d are accepted",
                         (unsigned long long)size, (unsigned long long)t->at, CLASS_MAX);
    if (file_read_at(t->fd, text, (size_t)size, t->at, t->path, err) < 0)
        return -1;
    text[size] = '\0';
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        length--;
    if (build_text(t->build, text, length, &label.text, err) < 0)
        return -1;
    return build_label(t->build, &label, err);
}

/* WebDataset: the key is the name up to the first dot of its last part, the rest tells what the
 * member is. */
static int add_member(struct tar *t, const char *name, uint64_t size, struct error *err)
{
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name,
               *dot = strchr(base, '.');
    bool is_class = dot && strcasecmp(dot, ".cls") == 0, is_image = dot && is_image_name(dot);
    if (base[0] == '.' || (!is_class && !is_image)) {
        t->build->ignored++;
        return 0;
    }
    struct index_entry entry = {
        .block = (uint32_t)(t->at / BLOCK), .size = (uint32_t)size, .label = -1, .part = t->part
    };
    if (t->at / BLOCK > UINT32_MAX)
        return error_set(err, ERROR_DATA, t->path, "is larger than the 2 TB that are accepted");
    if (dot - name >= INDEX_KEY_MAX)
        return error_set(err, ERROR_DATA, t->path, "a key is longer than %d bytes",
                         INDEX_KEY_MAX - 1);
    if (size > UINT32_MAX)
        return error_set(err, ERROR_DATA, t->path,
                         "member %s has %llu bytes; at most 4 GB are accepted", name,
                         (unsigned long long)size);
    const char *key = t->key[0] ? t->key : name;
    size_t length = t->key[0] ? strlen(t->key) : (size_t)(dot - name);
    if (build_text(t->build, key, length, &entry.key, err) < 0)
        return -1;
    return is_class ? add_class(t, entry.key, size, err) : build_entry(t->build, &entry, err);
}

static int no_tar(const struct tar *t, struct error *err)
{
    return error_set(err, ERROR_DATA, t->path,
                     "is no tar archive; a folder with a folder per class, a .tar or a folder of "
                     ".tar files is needed");
}

/* The header at t->at; 1 at the end mark. */
static int read_member(struct tar *t, struct error *err)
{
    uint8_t block[BLOCK];
    char name[NAME_BYTES];
    uint64_t size;
    if (t->file_size > 0 && t->file_size < BLOCK)
        return no_tar(t, err);
    if (t->file_size - t->at < BLOCK)
        return error_set(err, ERROR_DATA, t->path,
                         "ends at byte %llu without a tar's end mark: is it truncated?",
                         (unsigned long long)t->file_size);
    if (file_read_at(t->fd, block, BLOCK, t->at, t->path, err) < 0)
        return -1;
    if (is_zero(block))
        return 1;
    if (t->at == 0 && block[0] == 0x1f && block[1] == 0x8b)
        return error_set(err, ERROR_DATA, t->path,
                         "is compressed; members must be found by offset: gunzip it first");
    if (t->at == 0 && !checksum_fits(block))
        return no_tar(t, err);
    if (!checksum_fits(block) || !read_field(block + SIZE, 12, &size))
        return error_set(err, ERROR_DATA, t->path, "no tar header at byte %llu",
                         (unsigned long long)t->at);
    char type = (char)block[TYPE];
    t->at += BLOCK;
    bool describes = type == 'L' || type == 'K' || type == 'x' || type == 'g';
    if (t->has_long_size && !describes)
        size = t->long_size;
    if (size > t->file_size - t->at)
        return error_set(err, ERROR_DATA, t->path,
                         "a member at byte %llu claims %llu bytes; %llu are left",
                         (unsigned long long)(t->at - BLOCK), (unsigned long long)size,
                         (unsigned long long)(t->file_size - t->at));
    int rc = 0;
    if (type == 'L' || type == 'x')
        rc = read_meta(t, type, size, err);
    else if (!describes) {
        if (t->long_name[0])
            memcpy(name, t->long_name, strlen(t->long_name) + 1);
        else if (memcmp(block + MAGIC, "ustar", 6) == 0 && block[PREFIX])
            snprintf(name, sizeof(name), "%.155s/%.100s", block + PREFIX, block + NAME);
        else
            snprintf(name, sizeof(name), "%.100s", block + NAME);
        if (type == '0' || type == '\0' || type == '7')
            rc = add_member(t, name, size, err);
        t->long_name[0] = t->key[0] = '\0';
        t->has_long_size = false;
    }
    uint64_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;
    t->at = padded > t->file_size - t->at ? t->file_size : t->at + padded;
    return rc;
}

int scan_tar(struct index_build *b, int fd, const char *path, uint32_t part, struct error *err)
{
    struct stat info;
    if (fstat(fd, &info) < 0)
        return error_errno(err, path, "cannot look up");
    if (!S_ISREG(info.st_mode))
        return error_set(err, ERROR_DATA, path, "is neither a folder nor a tar file");
    struct tar *t = calloc(1, sizeof(*t));
    if (!t)
        return error_set(err, ERROR_FAILED, path, "no memory to read a tar");
    *t = (struct tar){
        .build = b, .fd = fd, .path = path, .part = part, .file_size = (uint64_t)info.st_size
    };
    int rc;
    do
        rc = read_member(t, err);
    while (rc == 0);
    buffer_release(&t->meta);
    free(t);
    return rc < 0 ? -1 : 0;
}
