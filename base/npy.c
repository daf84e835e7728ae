/*
 * NumPy's format (numpy/lib/format.py): magic, version, length of the header, the header, the data,
 * which must be exactly what the header's shape says.
 */
#include "base/npy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/npy_header.h"

enum {
    START = 10,         /* magic, version and the length in 2 bytes, which later versions make 4 */
    HEADER_MAX = 10000, /* NumPy's own limit on what it reads without being asked to trust it */
};

/* The header's text, with a NUL behind it, into `text`; *left gets the bytes behind it. */
static int read_header(const struct npy_stream *s, char text[HEADER_MAX + 1], uint64_t *left,
                       struct error *err)
{
    unsigned char start[START + 2] = { 0 };
    const char *name = s->name;
    if (s->size < sizeof(start))
        return error_set(err, ERROR_DATA, name, "no .npy file: it has only %llu bytes",
                         (unsigned long long)s->size);
    if (s->read(s->context, start, START, err) < 0)
        return -1;
    if (memcmp(start, NPY_MAGIC, sizeof(NPY_MAGIC) - 1) != 0)
        return error_set(err, ERROR_DATA, name,
                         memcmp(start, "PK\3\4", 4) == 0
                             ? "no .npy file but a zip archive (.npz?); unzip it first"
                             : "no .npy file: it does not begin with \\x93NUMPY");
    int version = start[6];
    if (version < 1 || version > 3)
        return error_set(err, ERROR_DATA, name, "has version %d of the format; accepted: 1..3",
                         version);
    uint64_t offset = version == 1 ? START : START + 2;
    if (version > 1 && s->read(s->context, start + START, 2, err) < 0)
        return -1;
    uint64_t length = start[8] | (uint64_t)start[9] << 8;
    if (version > 1)
        length |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
    if (length > HEADER_MAX)
        return error_set(err, ERROR_DATA, name,
                         "has a header of %llu bytes; at most %d are accepted",
                         (unsigned long long)length, HEADER_MAX);
    if (length > s->size - offset)
        return error_set(err, ERROR_DATA, name,
                         "cut off at byte %llu; the header alone ends at %llu",
                         (unsigned long long)s->size, (unsigned long long)(offset + length));
    if (s->read(s->context, text, (size_t)length, err) < 0)
        return -1;
    text[length] = '\0';
    if (strlen(text) != length)
        return error_set(err, ERROR_DATA, name, "has a NUL in its header");
    *left = s->size - offset - length;
    return 0;
}

int npy_read_stream(const struct npy_stream *s, struct tensor *t, struct error *err)
{
    char text[HEADER_MAX + 1];
    uint64_t left = 0;
    size_t bytes;
    memset(t, 0, sizeof(*t));
    if (read_header(s, text, &left, err) < 0 || npy_parse_header(text, s->name, t, err) < 0)
        return -1;
    if (!tensor_size(t, &bytes))
        return error_set(err, ERROR_DATA, s->name,
                         "has a shape whose size does not fit into 64 bits");
    if (bytes != left)
        return error_set(err, ERROR_DATA, s->name, "has %llu bytes of data; its shape takes %zu",
                         (unsigned long long)left, bytes);
    t->data = memory_aligned(bytes, 1, err);
    if (!t->data)
        return -1;
    if (bytes && s->read(s->context, t->data, bytes, err) < 0) {
        free(t->data);
        t->data = NULL;
        return -1;
    }
    return 0;
}

/* A file read from its beginning on. */
struct source {
    const char *path;
    int fd;
    uint64_t at;
};

static int read_on(void *context, void *data, size_t size, struct error *err)
{
    struct source *source = context;
    if (file_read_at(source->fd, data, size, source->at, source->path, err) < 0)
        return -1;
    source->at += size;
    return 0;
}

int npy_read(const char *path, struct tensor *t, struct error *err)
{
    memset(t, 0, sizeof(*t));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (fd < 0)
        return error_errno(err, path, "cannot open");
    struct stat info;
    int rc = -1;
    if (fstat(fd, &info) < 0)
        error_errno(err, path, "cannot look up");
    else if (!S_ISREG(info.st_mode))
        error_set(err, ERROR_DATA, path, "is no ordinary file; a .npy file is needed");
    else {
        struct source source = { path, fd, 0 };
        struct npy_stream stream = { path, (uint64_t)info.st_size, read_on, &source };
        rc = npy_read_stream(&stream, t, err);
    }
    close(fd);
    return rc;
}

int npy_write(const char *path, const struct tensor *t, struct error *err)
{
    if (!npy_has_type(t->dtype))
        return error_set(err, ERROR_FAILED, path, "the format has no %s", dtype_name(t->dtype));
    struct buffer header = { 0 };
    struct file_out *out = NULL;
    if (npy_make_header(t, &header, err) < 0 || file_create(&out, path, err) < 0) {
        buffer_release(&header);
        return -1;
    }
    size_t bytes = tensor_bytes(t);
    bool good = fwrite(header.data, 1, header.size, file_stream(out)) == header.size &&
                (bytes == 0 || fwrite(t->data, 1, bytes, file_stream(out)) == bytes);
    buffer_release(&header);
    if (good)
        return file_commit(out, err);
    error_errno(err, path, "cannot be written");
    file_abandon(out);
    return -1;
}
