/*
 * Writing safetensors, byte for byte as the reference writer does: the largest elements first, so
 * that every tensor is aligned to its element when the data part is, and the header padded to 8.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/safetensors.h"
#include "base/safetensors_header.h"

/* The reference writer's order of types: never falling in size, and fixed where sizes are equal. */
static const int layout_rank[DTYPE_COUNT] = {
    [DTYPE_U8] = 0,  [DTYPE_I8] = 1,  [DTYPE_F16] = 2, [DTYPE_BF16] = 3,
    [DTYPE_I32] = 4, [DTYPE_F32] = 5, [DTYPE_F64] = 6, [DTYPE_I64] = 7,
};

static int compare_layout(const void *a, const void *b)
{
    const struct safetensors_item *const *x = a, *const *y = b;
    int m = layout_rank[(*x)->tensor.dtype], n = layout_rank[(*y)->tensor.dtype];
    return m != n ? n - m : strcmp((*x)->name, (*y)->name);
}

static json_t *describe(const struct tensor *t, uint64_t begin)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->rank; i++)
        if (json_array_append_new(shape, json_integer(t->shape[i])) < 0) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype_name(t->dtype), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)(begin + tensor_bytes(t)));
}

static json_t *make_header(const char *path, const struct safetensors_item *const *item,
                           size_t count, const json_t *metadata, struct error *err)
{
    json_t *header = json_object();
    if (metadata && json_object_set(header, SAFETENSORS_METADATA, (json_t *)metadata) < 0)
        goto no_memory;
    uint64_t begin = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(item[i]->name, SAFETENSORS_METADATA) == 0) {
            error_set(err, ERROR_FAILED, path, "no tensor may be called '%s'", item[i]->name);
            goto fail;
        }
        if (json_object_get(header, item[i]->name)) {
            error_set(err, ERROR_FAILED, path, "two tensors are called '%.200s'", item[i]->name);
            goto fail;
        }
        if (json_object_set_new(header, item[i]->name, describe(&item[i]->tensor, begin)) < 0)
            goto no_memory;
        begin += tensor_bytes(&item[i]->tensor);
    }
    return header;
no_memory:
    error_set(err, ERROR_FAILED, path, "no memory for the header, or a name that is not UTF-8");
fail:
    json_decref(header);
    return NULL;
}

/* The length, the JSON and its padding. */
static int make_start(const char *path, const json_t *header, struct buffer *start,
                      struct error *err)
{
    char *text = json_dumps(header, JSON_COMPACT);
    if (!text)
        return error_set(err, ERROR_FAILED, path, "no memory for the header");
    size_t size = (strlen(text) + 7) / 8 * 8;
    char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (char)((uint64_t)size >> 8 * i & 0xff);
    int rc = buffer_append(start, length, sizeof(length), err);
    if (rc == 0)
        rc = buffer_print(start, err, "%-*s", (int)size, text);
    free(text);
    return rc;
}

static int check_metadata(const char *path, const json_t *metadata, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)metadata, key, value)
    {
        if (!json_is_string(value))
            return error_set(err, ERROR_FAILED, path, "metadata '%s' is no text", key);
    }
    return 0;
}

/* Where the data of items without any come from. */
struct source {
    safetensors_fill *fill;
    void *context;
};

enum { RUN_BYTES = 1 << 20 };

static int put(struct file_out *out, const char *path, const void *data, size_t size,
               struct error *err)
{
    if (size == 0 || fwrite(data, 1, size, file_stream(out)) == size)
        return 0;
    return error_errno(err, path, "cannot be written");
}

static int put_filled(struct file_out *out, const char *path, const struct safetensors_item *item,
                      const struct source *source, struct error *err)
{
    uint64_t bytes = tensor_bytes(&item->tensor), run = 0;
    char *data = memory_aligned(RUN_BYTES, 1, err);
    int rc = data ? 0 : -1;
    for (uint64_t at = 0; rc == 0 && at < bytes; at += run) {
        run = bytes - at < RUN_BYTES ? bytes - at : RUN_BYTES;
        rc = source->fill(source->context, item, at, (size_t)run, data, err);
        if (rc == 0)
            rc = put(out, path, data, (size_t)run, err);
    }
    free(data);
    return rc;
}

static int write_file(const char *path, const struct buffer *start,
                      const struct safetensors_item *const *item, size_t count,
                      const struct source *source, struct error *err)
{
    struct file_out *out;
    if (file_create(&out, path, err) < 0)
        return -1;
    int rc = put(out, path, start->data, start->size, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct tensor *t = &item[i]->tensor;
        rc = t->data || !source->fill ? put(out, path, t->data, tensor_bytes(t), err)
                                      : put_filled(out, path, item[i], source, err);
    }
    if (rc == 0)
        return file_commit(out, err);
    file_abandon(out);
    return -1;
}

int safetensors_write(const char *path, const struct safetensors_item *items, size_t count,
                      const json_t *metadata, struct error *err)
{
    return safetensors_write_filled(path, items, count, metadata, NULL, NULL, err);
}

int safetensors_write_filled(const char *path, const struct safetensors_item *items, size_t count,
                             const json_t *metadata, safetensors_fill *fill, void *context,
                             struct error *err)
{
    const struct source source = { fill, context };
    if (check_metadata(path, metadata, err) < 0)
        return -1;
    const struct safetensors_item **item = memory_array(count, sizeof(*item), err);
    if (!item)
        return -1;
    for (size_t i = 0; i < count; i++)
        item[i] = &items[i];
    qsort(item, count, sizeof(*item), compare_layout);
    struct buffer start = { 0 };
    json_t *header = make_header(path, item, count, metadata, err);
    int rc = header ? make_start(path, header, &start, err) : -1;
    if (rc == 0)
        rc = write_file(path, &start, item, count, &source, err);
    json_decref(header);
    buffer_release(&start);
    free(item);
    return rc;
}
