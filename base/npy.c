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
    START = 12,         /* magic, version, length: 10 bytes in version 1, 12 later */
    HEADER_MAX = 10000, /* NumPy's own limit on what it reads without being asked to trust it */
};

/* Where the data begins; the header's text, with a NUL behind it, into `text`. */
static int read_header(int fd, const char *path, uint64_t size, char text[HEADER_MAX + 1],
                       uint64_t *data, struct error *err)
{
    unsigned char start[START];
    if (size < START)
        return error_set(err, ERROR_DATA, path, "no .npy file: it has only %llu bytes",
                         (unsigned long long)size);
    if (file_read_at(fd, start, START, 0, path, err) < 0)
        return -1;
    if (memcmp(start, NPY_MAGIC, sizeof(NPY_MAGIC) - 1) != 0)
        return error_set(err, ERROR_DATA, path,
                         memcmp(start, "PK\3\4", 4) == 0
                             ? "no .npy file but a zip archive (.npz?); unzip it first"
                             : "no .npy file: it does not begin with \\x93NUMPY");
    int version = start[6];
    if (version < 1 || version > 3)
        return error_set(err, ERROR_DATA, path, "has version %d of the format; accepted: 1..3",
                         version);
    uint64_t offset = version == 1 ? 10 : 12;
    uint64_t length = start[8] | (uint64_t)start[9] << 8;
    if (version > 1)
        length |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
    if (length > HEADER_MAX)
        return error_set(err, ERROR_DATA, path,
                         "has a header of %llu bytes; at most %d are accepted",
                         (unsigned long long)length, HEADER_MAX);
    if (length > size - offset)
        return error_set(err, ERROR_DATA, path,
                         "cut off at byte %llu; the header alone ends at %llu",
                         (unsigned long long)size, (unsigned long long)(offset + length));
    if (file_read_at(fd, text, (size_t)length, offset, path, err) < 0)
        return -1;
    text[length] = '\0';
    if (strlen(text) != length)
        return error_set(err, ERROR_DATA, path, "has a NUL in its header");
    *data = offset + length;
    return 0;
}

static int read_array(int fd, const char *path, uint64_t size, struct tensor *t, struct error *err)
{
    char text[HEADER_MAX + 1];
    uint64_t data = 0;
    size_t bytes;
    if (read_header(fd, path, size, text, &data, err) < 0 ||
        npy_parse_header(text, path, t, err) < 0)
        return -1;
    if (!tensor_size(t, &bytes))
        return error_set(err, ERROR_DATA, path, "has a shape whose size does not fit into 64 bits");
    if (bytes != size - data)
        return error_set(err, ERROR_DATA, path, "has %llu bytes of data; its shape takes %zu",
                         (unsigned long long)(size - data), bytes);
    t->data = memory_aligned(bytes, 1, err);
    if (!t->data)
        return -1;
    if (bytes && file_read_at(fd, t->data, bytes, data, path, err) < 0) {
        free(t->data);
        t->data = NULL;
        return -1;
    }
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
    else
        rc = read_array(fd, path, (uint64_t)info.st_size, t, err);
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
