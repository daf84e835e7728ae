/* Views of pixels and of tensors. They own nothing: whoever made the memory keeps it. */
#ifndef TENFOLD_BASE_IMAGE_H
#define TENFOLD_BASE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 8-bit RGB, interleaved; row y starts at pixels + y * stride (bytes). */
struct image {
    uint8_t *pixels; /* borrowed */
    int width, height;
    size_t stride;
};

struct rect {
    int x, y, width, height;
};

/* What both cover; all zero where they do not meet. */
struct rect rect_intersect(struct rect a, struct rect b);
bool rect_same(struct rect a, struct rect b);

enum dtype {
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_F64,
    DTYPE_U8,
    DTYPE_I8,
    DTYPE_I32,
    DTYPE_I64,
    DTYPE_COUNT
};

enum { TENSOR_RANK = 8 };

/* Row-major, dense, little-endian. */
struct tensor {
    enum dtype dtype;
    int rank;
    int64_t shape[TENSOR_RANK];
    void *data; /* borrowed */
};

size_t dtype_size(enum dtype dtype);      /* bytes of one element */
const char *dtype_name(enum dtype dtype); /* safetensors' name: "F32", "U8", ... */
/* Elements and bytes; the shape must be known to fit (checked where it came from). */
size_t tensor_count(const struct tensor *t);
size_t tensor_bytes(const struct tensor *t);
/* Bytes of a tensor whose dtype and shape come from outside; false when a side is negative or the
 * product does not fit. */
bool tensor_size(const struct tensor *t, size_t *bytes);

#endif
