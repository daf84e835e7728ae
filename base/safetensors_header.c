/*
 * What a safetensors header may say. The format's reference reader keeps the last of a doubled name
 * and stumbles later; here jansson has refused it before.
 */
#include "base/safetensors_header.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { NAME_BYTES_MAX = 1024 };

/* The tensor being checked, for messages. */
struct subject {
    const char *path, *name;
};

static int refuse(const struct subject *subject, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const struct subject *subject, struct error *err, const char *format, ...)
{
    char why[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    return error_set(err, ERROR_DATA, subject->path, "tensor '%.200s' %s", subject->name, why);
}

static int check_name(const struct subject *subject, struct error *err)
{
    size_t size = strlen(subject->name);
    if (size == 0)
        return refuse(subject, err, "has no name");
    if (size > NAME_BYTES_MAX)
        return refuse(subject, err, "has a name of %zu bytes; at most %d are accepted", size,
                      NAME_BYTES_MAX);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)subject->name[i] < ' ' || subject->name[i] == 127)
            return refuse(subject, err, "has a control character in its name");
    return 0;
}

static int check_keys(const struct subject *subject, const json_t *entry, struct error *err)
{
    if (!json_is_object(entry))
        return refuse(subject, err, "is no object with dtype, shape and data_offsets");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)entry, key, value)
    {
        if (strcmp(key, "dtype") && strcmp(key, "shape") && strcmp(key, "data_offsets"))
            return refuse(subject, err,
                          "has the key '%.100s'; accepted: dtype, shape, data_offsets", key);
    }
    return 0;
}

static int read_dtype(const struct subject *subject, const json_t *value, enum dtype *dtype,
                      struct error *err)
{
    const char *name = json_string_value(value);
    if (!name)
        return refuse(subject, err, "has no dtype");
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (strcmp(dtype_name((enum dtype)i), name) == 0) {
            *dtype = (enum dtype)i;
            return 0;
        }
    char accepted[128] = "";
    for (int i = 0, used = 0; i < DTYPE_COUNT; i++)
        used += snprintf(accepted + used, sizeof(accepted) - (size_t)used, "%s%s", i ? ", " : "",
                         dtype_name((enum dtype)i));
    return refuse(subject, err, "has dtype '%.50s'; accepted: %s", name, accepted);
}

static int read_shape(const struct subject *subject, const json_t *value, struct tensor *tensor,
                      struct error *err)
{
    if (!json_is_array(value))
        return refuse(subject, err, "has no shape");
    if (json_array_size(value) > TENSOR_RANK)
        return refuse(subject, err, "has %zu dimensions; at most %d are accepted",
                      json_array_size(value), TENSOR_RANK);
    tensor->rank = (int)json_array_size(value);
    for (int i = 0; i < tensor->rank; i++) {
        const json_t *side = json_array_get(value, (size_t)i);
        if (!json_is_integer(side) || json_integer_value(side) < 0)
            return refuse(subject, err, "has a shape of other things than integers from 0 on");
        tensor->shape[i] = json_integer_value(side);
    }
    return 0;
}

static int read_offsets(const struct subject *subject, const json_t *value,
                        struct safetensors_part *part, struct error *err)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
        json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin))
        return refuse(subject, err,
                      "has data_offsets that are no pair of integers 0 <= begin <= end");
    part->begin = (uint64_t)json_integer_value(begin);
    part->end = (uint64_t)json_integer_value(end);
    return 0;
}

static int check_tensor(const char *path, const char *name, const json_t *entry,
                        struct safetensors_part *part, struct error *err)
{
    const struct subject subject = { path, name };
    *part = (struct safetensors_part){ .name = name };
    if (check_name(&subject, err) < 0 || check_keys(&subject, entry, err) < 0 ||
        read_dtype(&subject, json_object_get(entry, "dtype"), &part->tensor.dtype, err) < 0 ||
        read_shape(&subject, json_object_get(entry, "shape"), &part->tensor, err) < 0 ||
        read_offsets(&subject, json_object_get(entry, "data_offsets"), part, err) < 0)
        return -1;
    size_t bytes;
    if (!tensor_size(&part->tensor, &bytes))
        return refuse(&subject, err, "has a shape whose size does not fit into 64 bits");
    if (bytes != part->end - part->begin)
        return refuse(&subject, err, "has %llu bytes at data_offsets; its shape of %s takes %zu",
                      (unsigned long long)(part->end - part->begin), dtype_name(part->tensor.dtype),
                      bytes);
    return 0;
}

static int check_metadata(const char *path, const json_t *metadata, struct error *err)
{
    if (!json_is_object(metadata))
        return error_set(err, ERROR_DATA, path, SAFETENSORS_METADATA " is no object of texts");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)metadata, key, value)
    {
        if (!json_is_string(value))
            return error_set(err, ERROR_DATA, path,
                             SAFETENSORS_METADATA " '%.100s' is no text; must be one", key);
    }
    return 0;
}

static int compare_parts(const void *a, const void *b)
{
    const struct safetensors_part *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* No holes, no overlaps, nothing behind the last. */
static int check_layout(const char *path, const struct safetensors_part *part, size_t count,
                        uint64_t size, struct error *err)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        const struct subject subject = { path, part[i].name };
        if (part[i].begin != end)
            return refuse(&subject, err,
                          "%s: it begins at byte %llu of the data, the one before "
                          "ends at %llu",
                          part[i].begin < end ? "overlaps another" : "leaves a hole",
                          (unsigned long long)part[i].begin, (unsigned long long)end);
        end = part[i].end;
    }
    if (end > size)
        return error_set(err, ERROR_DATA, path,
                         "cut off: it has %llu bytes of data, the tensors take %llu",
                         (unsigned long long)size, (unsigned long long)end);
    if (end < size)
        return error_set(err, ERROR_DATA, path,
                         "has %llu bytes of data, the tensors take only %llu",
                         (unsigned long long)size, (unsigned long long)end);
    return 0;
}

int safetensors_check(const json_t *header, const char *path, uint64_t size,
                      struct safetensors_part **result, size_t *result_count, struct error *err)
{
    struct safetensors_part *part = memory_array(json_object_size(header), sizeof(*part), err);
    if (!part)
        return -1;
    size_t count = 0;
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)header, name, entry)
    {
        int rc = strcmp(name, SAFETENSORS_METADATA) == 0
                     ? check_metadata(path, entry, err)
                     : check_tensor(path, name, entry, &part[count++], err);
        if (rc < 0) {
            free(part);
            return -1;
        }
    }
    qsort(part, count, sizeof(*part), compare_parts);
    if (check_layout(path, part, count, size, err) < 0) {
        free(part);
        return -1;
    }
    *result = part;
    *result_count = count;
    return 0;
}
