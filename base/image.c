#include "base/image.h"

#include "base/memory.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = { "F32", 4 }, [DTYPE_F16] = { "F16", 2 }, [DTYPE_BF16] = { "BF16", 2 },
    [DTYPE_F64] = { "F64", 8 }, [DTYPE_U8] = { "U8", 1 },   [DTYPE_I8] = { "I8", 1 },
    [DTYPE_I32] = { "I32", 4 }, [DTYPE_I64] = { "I64", 8 },
};

size_t dtype_size(enum dtype dtype)
{
    return dtypes[dtype].size;
}

const char *dtype_name(enum dtype dtype)
{
    return dtypes[dtype].name;
}

size_t tensor_count(const struct tensor *t)
{
    size_t count = 1;
    for (int i = 0; i < t->rank; i++)
        count *= (size_t)t->shape[i];
    return count;
}

size_t tensor_bytes(const struct tensor *t)
{
    return tensor_count(t) * dtype_size(t->dtype);
}

bool tensor_size(const struct tensor *t, size_t *bytes)
{
    size_t size = dtype_size(t->dtype);
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] < 0 || !size_mul(size, (size_t)t->shape[i], &size))
            return false;
    *bytes = size;
    return true;
}

struct rect rect_intersect(struct rect a, struct rect b)
{
    int left = a.x > b.x ? a.x : b.x, top = a.y > b.y ? a.y : b.y;
    int right = a.x + a.width < b.x + b.width ? a.x + a.width : b.x + b.width;
    int bottom = a.y + a.height < b.y + b.height ? a.y + a.height : b.y + b.height;
    if (right <= left || bottom <= top)
        return (struct rect){ 0, 0, 0, 0 };
    return (struct rect){ left, top, right - left, bottom - top };
}

bool rect_same(struct rect a, struct rect b)
{
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}
