/*
 * Reading zip archives of arrays (PKWARE's APPNOTE.TXT): the end record at the end of the file says
 * where the central directory lies; its entries say where the members are. Local headers are read
 * only for their length: the central directory's sizes are the true ones. ZIP64 fields are read
 * where 32 bits do not suffice. Encrypted, split and otherwise compressed archives are refused.
 */
#include "base/npz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/npy_header.h"

enum {
    END_SIZE = 22,           /* the end record without its comment */
    END_REACH = 22 + 0xffff, /* and with the longest one */
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    CENTRAL_SIZE = 46,
    LOCAL_SIZE = 30,
    CENTRAL_MAX = 16 << 20, /* a directory of 16 MiB has 200,000 arrays */
    STORED = 0,
    DEFLATED = 8,
    RATIO_MAX = 1032, /* what deflate can make of one byte */
    WINDOW = 1 << 16,
};

struct entry {
    char *name; /* owned */
    uint64_t offset, packed, size;
    uint32_t crc;
    int method;
};

struct npz {
    char *path; /* owned */
    int fd;
    uint64_t size;
    struct entry *entry; /* owned */
    size_t count, capacity;
};

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static int refuse(const struct npz *z, struct error *err, const char *why)
{
    return error_set(err, ERROR_DATA, z->path, "no .npz file: %s", why);
}

/* Where the central directory lies and how many entries it has. */
struct directory {
    uint64_t offset, size, count;
};

static int read_end64(const struct npz *z, uint64_t end, struct directory *d, struct error *err)
{
    unsigned char locator[LOCATOR_SIZE], record[END64_SIZE];
    if (end < LOCATOR_SIZE)
        return refuse(z, err, "the ZIP64 locator is missing");
    if (file_read_at(z->fd, locator, sizeof(locator), end - LOCATOR_SIZE, z->path, err) < 0)
        return -1;
    uint64_t at = number(locator + 8, 8);
    if (memcmp(locator, "PK\6\7", 4) != 0 || at > z->size || z->size - at < END64_SIZE)
        return refuse(z, err, "the ZIP64 locator is missing or points outside the file");
    if (file_read_at(z->fd, record, sizeof(record), at, z->path, err) < 0)
        return -1;
    if (memcmp(record, "PK\6\6", 4) != 0)
        return refuse(z, err, "the ZIP64 end record is missing");
    *d = (struct directory){ number(record + 48, 8), number(record + 40, 8),
                             number(record + 32, 8) };
    return 0;
}

static int find_directory(const struct npz *z, struct directory *d, struct error *err)
{
    size_t reach = z->size < END_REACH ? (size_t)z->size : END_REACH;
    unsigned char *tail = memory_array(reach, 1, err);
    if (!tail || file_read_at(z->fd, tail, reach, z->size - reach, z->path, err) < 0) {
        free(tail);
        return -1;
    }
    size_t at = reach;
    bool found = false;
    while (at >= END_SIZE && !found) {
        const unsigned char *end = tail + at - END_SIZE;
        found = memcmp(end, "PK\5\6", 4) == 0 && number(end + 20, 2) == reach - at;
        if (found)
            *d =
                (struct directory){ number(end + 16, 4), number(end + 12, 4), number(end + 10, 2) };
        else
            at--;
    }
    free(tail);
    if (!found)
        return refuse(z, err, "the zip archive's end record is missing; is the file cut off?");
    if (d->offset == 0xffffffff || d->size == 0xffffffff || d->count == 0xffff)
        return read_end64(z, z->size - reach + at - END_SIZE, d, err);
    return 0;
}

/* ZIP64 numbers stand in an extra field, in this order, for those that are all ones. */
static bool read_extra(const unsigned char *extra, size_t size, struct entry *e)
{
    uint64_t *wanted[] = { &e->size, &e->packed, &e->offset };
    while (size >= 4) {
        size_t length = (size_t)number(extra + 2, 2);
        if (length > size - 4)
            return false;
        const unsigned char *at = extra + 4, *end = at + length;
        for (int i = 0; i < 3 && number(extra, 2) == 1; i++) {
            if (*wanted[i] != 0xffffffff)
                continue;
            if (end - at < 8)
                return false;
            *wanted[i] = number(at, 8);
            at += 8;
        }
        extra = end;
        size -= 4 + length;
    }
    return true;
}

static int add_entry(struct npz *z, const unsigned char *name, size_t length, struct entry e,
                     struct error *err)
{
    static const char suffix[] = ".npy";
    size_t tail = sizeof(suffix) - 1;
    if (length <= tail || memcmp(name + length - tail, suffix, tail) != 0 ||
        memchr(name, 0, length))
        return refuse(z, err, "it holds a member that is no .npy array");
    if (memory_grow((void **)&z->entry, &z->capacity, z->count + 1, sizeof(*z->entry), err) < 0)
        return -1;
    e.name = memory_array(length - tail + 1, 1, err);
    if (!e.name)
        return -1;
    memcpy(e.name, name, length - tail);
    for (size_t i = 0; i < z->count; i++) {
        if (!strcmp(z->entry[i].name, e.name)) {
            free(e.name);
            return refuse(z, err, "two of its members have one name");
        }
    }
    z->entry[z->count++] = e;
    return 0;
}

static int check_entry(const struct npz *z, const struct entry *e, int flags, struct error *err)
{
    if (flags & 1)
        return refuse(z, err, "a member is encrypted");
    if (e->method != STORED && e->method != DEFLATED)
        return refuse(z, err, "a member is compressed by another method than deflate");
    if (e->offset > z->size || e->packed > z->size - e->offset)
        return refuse(z, err, "a member lies outside the file; is it cut off?");
    if (e->method == STORED ? e->size != e->packed
                            : e->packed < e->size / RATIO_MAX || e->size > SIZE_MAX / 2)
        return refuse(z, err, "a member claims to be larger than its bytes can be");
    return 0;
}

static int read_directory(struct npz *z, const unsigned char *at, size_t size, uint64_t count,
                          struct error *err)
{
    for (uint64_t i = 0; i < count; i++) {
        if (size < CENTRAL_SIZE || memcmp(at, "PK\1\2", 4) != 0)
            return refuse(z, err, "its directory ends early");
        size_t name = (size_t)number(at + 28, 2), extra = (size_t)number(at + 30, 2);
        size_t whole = CENTRAL_SIZE + name + extra + (size_t)number(at + 32, 2);
        if (whole > size)
            return refuse(z, err, "its directory ends early");
        struct entry e = { .offset = number(at + 42, 4),
                           .packed = number(at + 20, 4),
                           .size = number(at + 24, 4),
                           .crc = (uint32_t)number(at + 16, 4),
                           .method = (int)number(at + 10, 2) };
        if (!read_extra(at + CENTRAL_SIZE + name, extra, &e))
            return refuse(z, err, "an extra field of its directory is damaged");
        if (check_entry(z, &e, (int)number(at + 8, 2), err) < 0 ||
            add_entry(z, at + CENTRAL_SIZE, name, e, err) < 0)
            return -1;
        at += whole;
        size -= whole;
    }
    return 0;
}

static int read_archive(struct npz *z, struct error *err)
{
    struct directory d = { 0 };
    struct stat info;
    if (fstat(z->fd, &info) < 0)
        return error_errno(err, z->path, "cannot look up");
    if (!S_ISREG(info.st_mode))
        return error_set(err, ERROR_DATA, z->path, "is no ordinary file");
    z->size = (uint64_t)info.st_size;
    if (z->size < END_SIZE)
        return refuse(z, err, "it is too short");
    if (find_directory(z, &d, err) < 0)
        return -1;
    if (d.offset > z->size || d.size > z->size - d.offset || d.size > CENTRAL_MAX)
        return refuse(z, err, "its directory lies outside the file");
    if (d.count == 0)
        return refuse(z, err, "it is empty");
    unsigned char *directory = memory_array((size_t)d.size, 1, err);
    if (!directory)
        return -1;
    int status = file_read_at(z->fd, directory, (size_t)d.size, d.offset, z->path, err);
    if (status == 0)
        status = read_directory(z, directory, (size_t)d.size, d.count, err);
    free(directory);
    return status;
}

int npz_open(struct npz **file, const char *path, struct error *err)
{
    struct npz *z = memory_array(1, sizeof(*z), err);
    if (!z)
        return -1;
    z->path = memory_text(path, err);
    z->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (!z->path || z->fd < 0) {
        if (z->path)
            error_errno(err, path, "cannot open");
        npz_close(z);
        return -1;
    }
    if (read_archive(z, err) < 0) {
        npz_close(z);
        return -1;
    }
    *file = z;
    return 0;
}

size_t npz_count(const struct npz *z)
{
    return z->count;
}

const char *npz_name(const struct npz *z, size_t i)
{
    return z->entry[i].name;
}

/* A member being read from its beginning on. */
struct member {
    const struct npz *npz;
    const struct entry *entry;
    uint64_t at, left; /* packed bytes in the file */
    uint32_t crc;
    z_stream stream;
    unsigned char *window; /* owned */
};

static int read_stored(struct member *m, void *data, size_t size, struct error *err)
{
    if (file_read_at(m->npz->fd, data, size, m->at, m->npz->path, err) < 0)
        return -1;
    m->at += size;
    return 0;
}

static int feed(struct member *m, struct error *err)
{
    size_t size = m->left < WINDOW ? (size_t)m->left : WINDOW;
    if (file_read_at(m->npz->fd, m->window, size, m->at, m->npz->path, err) < 0)
        return -1;
    m->at += size;
    m->left -= size;
    m->stream.next_in = m->window;
    m->stream.avail_in = (uInt)size;
    return 0;
}

static int read_deflated(struct member *m, void *data, size_t size, struct error *err)
{
    unsigned char *to = data;
    while (size > 0) {
        uInt step = size < 1 << 30 ? (uInt)size : 1 << 30;
        m->stream.next_out = to;
        m->stream.avail_out = step;
        if (m->stream.avail_in == 0 && m->left > 0 && feed(m, err) < 0)
            return -1;
        int status = inflate(&m->stream, Z_NO_FLUSH);
        size_t made = step - m->stream.avail_out;
        bool stuck = made == 0 && m->stream.avail_in == 0 && m->left == 0;
        if ((status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) || stuck ||
            (status == Z_STREAM_END && made < size))
            return error_set(err, ERROR_DATA, m->npz->path, "array %s is damaged or cut off",
                             m->entry->name);
        to += made;
        size -= made;
    }
    return 0;
}

static int read_member(void *context, void *data, size_t size, struct error *err)
{
    struct member *m = context;
    if (m->entry->method == STORED ? read_stored(m, data, size, err) < 0
                                   : read_deflated(m, data, size, err) < 0)
        return -1;
    for (size_t done = 0; done < size;) {
        uInt step = size - done < 1 << 30 ? (uInt)(size - done) : 1 << 30;
        m->crc = (uint32_t)crc32(m->crc, (unsigned char *)data + done, step);
        done += step;
    }
    return 0;
}

static int open_member(struct member *m, struct error *err)
{
    const struct npz *z = m->npz;
    unsigned char local[LOCAL_SIZE];
    uint64_t offset = m->entry->offset;
    if (z->size - offset < LOCAL_SIZE)
        return refuse(z, err, "a member lies outside the file");
    if (file_read_at(z->fd, local, sizeof(local), offset, z->path, err) < 0)
        return -1;
    uint64_t start = LOCAL_SIZE + number(local + 26, 2) + number(local + 28, 2);
    if (memcmp(local, "PK\3\4", 4) != 0 || start > z->size - offset ||
        m->entry->packed > z->size - offset - start)
        return refuse(z, err, "a member lies outside the file or has no header");
    m->at = offset + start;
    m->left = m->entry->packed;
    m->window = memory_array(WINDOW, 1, err);
    if (!m->window)
        return -1;
    if (inflateInit2(&m->stream, -MAX_WBITS) != Z_OK)
        return error_set(err, ERROR_FAILED, z->path, "zlib does not start");
    return 0;
}

int npz_read(struct npz *z, size_t i, struct tensor *t, struct error *err)
{
    struct member m = { .npz = z, .entry = &z->entry[i] };
    memset(t, 0, sizeof(*t));
    int status = open_member(&m, err);
    if (status == 0) {
        struct npy_stream stream = { z->path, m.entry->size, read_member, &m };
        status = npy_read_stream(&stream, t, err);
        inflateEnd(&m.stream);
    }
    free(m.window);
    if (status == 0 && m.crc != m.entry->crc) {
        free(t->data);
        t->data = NULL;
        status = error_set(err, ERROR_DATA, z->path, "array %s is damaged: its CRC is wrong",
                           m.entry->name);
    }
    return status;
}

void npz_close(struct npz *z)
{
    if (!z)
        return;
    for (size_t i = 0; i < z->count; i++)
        free(z->entry[i].name);
    free(z->entry);
    if (z->fd >= 0)
        close(z->fd);
    free(z->path);
    free(z);
}
