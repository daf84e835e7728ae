/*
 * Reading safetensors. The order of the checks is the point: every length is held against the size
 * of the file before memory is taken for it, and the header's statements against each other before
 * a byte of data is read. Each tensor then gets its own place on a 64-byte boundary, because a file
 * owes no alignment to its tensors.
 */
#include "base/safetensors.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/safetensors_header.h"

struct safetensors {
    json_t *header;                /* owned; the names of the items are its keys */
    struct safetensors_item *item; /* owned; in order of name */
    size_t count;
    char *data; /* owned */
    /* Of a file that was peeked at: */
    int fd;           /* owned; -1: all was read */
    uint64_t *offset; /* owned: where the items' data begin in the file */
    char *path;       /* owned; for messages */
};

/* An open file and what is known of it. */
struct source {
    const char *path;
    int fd;
    uint64_t size;
    uint64_t data; /* offset of the data part */
};

/* What else people hold for weights, by its first bytes. */
static const struct {
    const char *bytes;
    size_t size;
    const char *what;
} lookalikes[] = {
#define BYTES(text) text, sizeof(text) - 1
    { BYTES("version https://git-lfs"),
      "a Git-LFS pointer, not the file itself (fetch it with `git lfs pull`)" },
    { BYTES("PK\3\4"),
      "a zip archive, such as PyTorch's .pt and NumPy's .npz (save it as safetensors)" },
    { BYTES("\x80\2"), "a Python pickle, such as PyTorch's old .pt (save it as safetensors)" },
    { BYTES("\x80\3"), "a Python pickle (save it as safetensors)" },
    { BYTES("\x80\4"), "a Python pickle (save it as safetensors)" },
    { BYTES("\x80\5"), "a Python pickle (save it as safetensors)" },
    { BYTES("\x93NUMPY"), "a NumPy array (.npy)" },
    { BYTES("\x89HDF"), "an HDF5 file, such as Keras's .h5 (save it as safetensors)" },
    { BYTES("GGUF"), "a GGUF file (save it as safetensors)" },
    { BYTES("\x1f\x8b"), "compressed by gzip" },
    { BYTES("<"), "a web page, perhaps from a failed download" },
    { BYTES("{"), "JSON text, perhaps an index of weights files" },
#undef BYTES
};

/* Why the first bytes cannot be those of a safetensors file: something known, or `why`. */
static int refuse_start(const struct source *source, const char *start, size_t size,
                        const char *why, struct error *err)
{
    for (size_t i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++)
        if (size >= lookalikes[i].size &&
            memcmp(start, lookalikes[i].bytes, lookalikes[i].size) == 0)
            return error_set(err, ERROR_DATA, source->path, "no safetensors file but %s",
                             lookalikes[i].what);
    return error_set(err, ERROR_DATA, source->path, "no safetensors file: %s", why);
}

enum { LENGTH_BYTES = 8, START_BYTES = 24 };

static uint64_t little_endian(const char *bytes)
{
    uint64_t value = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/* The header's text, fresh; its length in *size. */
static char *read_header(struct source *source, size_t *size, struct error *err)
{
    char start[START_BYTES], why[128] = "";
    size_t known = source->size < START_BYTES ? (size_t)source->size : START_BYTES;
    if (file_read_at(source->fd, start, known, 0, source->path, err) < 0)
        return NULL;
    uint64_t length = known >= LENGTH_BYTES ? little_endian(start) : 0;
    if (known < LENGTH_BYTES)
        snprintf(why, sizeof(why), "it has %zu bytes, the length of the header alone takes 8",
                 known);
    else if (length > SAFETENSORS_HEADER_MAX)
        snprintf(why, sizeof(why), "the header would take %llu bytes; at most %d are accepted",
                 (unsigned long long)length, SAFETENSORS_HEADER_MAX);
    else if (length > source->size - LENGTH_BYTES)
        snprintf(why, sizeof(why), "cut off at byte %llu; the header alone ends at %llu",
                 (unsigned long long)source->size, (unsigned long long)length + LENGTH_BYTES);
    else if (length == 0 || start[LENGTH_BYTES] != '{')
        snprintf(why, sizeof(why), "the header does not begin with '{' at byte 8");
    if (why[0]) {
        refuse_start(source, start, known, why, err);
        return NULL;
    }
    char *text = memory_array(length, 1, err);
    if (text && file_read_at(source->fd, text, length, LENGTH_BYTES, source->path, err) < 0) {
        free(text);
        return NULL;
    }
    source->data = LENGTH_BYTES + length;
    *size = length;
    return text;
}

static json_t *parse_header(struct source *source, struct error *err)
{
    size_t size;
    char *text = read_header(source, &size, err);
    if (!text)
        return NULL;
    struct error problem;
    json_t *header = json_parse(text, size, source->path, &problem);
    if (!header)
        error_set(err, problem.kind, source->path, "header: %s", problem.message);
    free(text);
    return header;
}

/* Each tensor of `part` into its own place; the items are still in the order of the file. */
static int read_data(struct safetensors *file, const struct safetensors_part *part,
                     const struct source *source, struct error *err)
{
    const size_t unit = 64;
    size_t total = 0;
    for (size_t i = 0; i < file->count; i++)
        total += (part[i].end - part[i].begin + unit - 1) / unit * unit;
    file->data = memory_aligned(total, 1, err);
    if (!file->data)
        return -1;
    char *at = file->data;
    for (size_t i = 0; i < file->count; i++) {
        size_t size = part[i].end - part[i].begin;
        if (size &&
            file_read_at(source->fd, at, size, source->data + part[i].begin, source->path, err) < 0)
            return -1;
        file->item[i].name = part[i].name;
        file->item[i].tensor = part[i].tensor;
        file->item[i].tensor.data = at;
        at += (size + unit - 1) / unit * unit;
    }
    return 0;
}

static int compare_items(const void *a, const void *b)
{
    const struct safetensors_item *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b)
{
    const struct safetensors_part *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Leave the data where they are, and note where that is. */
static int keep_open(struct safetensors *file, struct safetensors_part *part, struct source *source,
                     struct error *err)
{
    file->path = memory_text(source->path, err);
    file->offset = file->path ? memory_array(file->count, sizeof(*file->offset), err) : NULL;
    if (!file->offset)
        return -1;
    qsort(part, file->count, sizeof(*part), compare_names);
    for (size_t i = 0; i < file->count; i++) {
        file->item[i] = (struct safetensors_item){ part[i].name, part[i].tensor };
        file->offset[i] = source->data + part[i].begin;
    }
    file->fd = source->fd;
    source->fd = -1;
    return 0;
}

static int read_all(struct safetensors *file, struct source *source, bool peek, struct error *err)
{
    file->header = parse_header(source, err);
    if (!file->header)
        return -1;
    struct safetensors_part *part;
    if (safetensors_check(file->header, source->path, source->size - source->data, &part,
                          &file->count, err) < 0)
        return -1;
    int rc = -1;
    file->item = memory_array(file->count, sizeof(*file->item), err);
    if (file->item)
        rc = peek ? keep_open(file, part, source, err) : read_data(file, part, source, err);
    free(part);
    if (rc == 0 && !peek)
        qsort(file->item, file->count, sizeof(*file->item), compare_items);
    return rc;
}

static int open_file(struct safetensors **result, const char *path, bool peek, struct error *err)
{
    struct source source = { .path = path };
    struct stat info;
    source.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (source.fd < 0)
        return error_errno(err, path, "cannot open");
    struct safetensors *file = NULL;
    int rc = -1;
    if (fstat(source.fd, &info) < 0)
        error_errno(err, path, "cannot look up");
    else if (!S_ISREG(info.st_mode))
        error_set(err, ERROR_DATA, path, "is no ordinary file; a safetensors file is needed");
    else
        file = memory_array(1, sizeof(*file), err);
    if (file) {
        file->fd = -1;
        source.size = (uint64_t)info.st_size;
        rc = read_all(file, &source, peek, err);
    }
    if (source.fd >= 0)
        close(source.fd);
    if (rc < 0)
        safetensors_close(file);
    else
        *result = file;
    return rc;
}

int safetensors_open(struct safetensors **file, const char *path, struct error *err)
{
    return open_file(file, path, false, err);
}

int safetensors_peek(struct safetensors **file, const char *path, struct error *err)
{
    return open_file(file, path, true, err);
}

size_t safetensors_count(const struct safetensors *file)
{
    return file->count;
}

const struct safetensors_item *safetensors_item(const struct safetensors *file, size_t i)
{
    return &file->item[i];
}

static const struct safetensors_item *find(const struct safetensors *file, const char *name)
{
    struct safetensors_item key = { .name = name };
    return bsearch(&key, file->item, file->count, sizeof(key), compare_items);
}

const struct tensor *safetensors_find(const struct safetensors *file, const char *name)
{
    const struct safetensors_item *item = find(file, name);
    return item ? &item->tensor : NULL;
}

int safetensors_read(const struct safetensors *file, const char *name, uint64_t offset, size_t size,
                     void *data, struct error *err)
{
    const struct safetensors_item *item = find(file, name);
    assert(item && file->fd >= 0);
    assert(offset <= tensor_bytes(&item->tensor) && size <= tensor_bytes(&item->tensor) - offset);
    return file_read_at(file->fd, data, size, file->offset[item - file->item] + offset, file->path,
                        err);
}

const char *safetensors_metadata(const struct safetensors *file, const char *key)
{
    return json_string_value(
        json_object_get(json_object_get(file->header, SAFETENSORS_METADATA), key));
}

void safetensors_close(struct safetensors *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    json_decref(file->header);
    free(file->offset);
    free(file->path);
    free(file->item);
    free(file->data);
    free(file);
}
