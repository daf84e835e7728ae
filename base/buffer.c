#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int buffer_reserve(struct buffer *b, size_t capacity, struct error *err)
{
    size_t with_end;
    if (!size_add(capacity, 1, &with_end))
        return error_set(err, ERROR_FAILED, NULL, "no memory for %zu bytes", capacity);
    void *data = b->data;
    if (memory_grow(&data, &b->capacity, with_end, 1, err) < 0)
        return -1;
    b->data = data;
    b->data[b->size] = '\0';
    return 0;
}

int buffer_append(struct buffer *b, const void *data, size_t size, struct error *err)
{
    size_t total;
    if (!size_add(b->size, size, &total))
        return error_set(err, ERROR_FAILED, NULL, "no memory for %zu more bytes", size);
    if (buffer_reserve(b, total, err) < 0)
        return -1;
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size = total;
    b->data[total] = '\0';
    return 0;
}

int buffer_print(struct buffer *b, struct error *err, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    int rc = -1;
    if (length < 0)
        error_set(err, ERROR_FAILED, NULL, "text cannot be formatted");
    else if (buffer_reserve(b, b->size + (size_t)length, err) == 0) {
        vsnprintf(b->data + b->size, (size_t)length + 1, format, again);
        b->size += (size_t)length;
        rc = 0;
    }
    va_end(again);
    return rc;
}

void buffer_release(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){ 0 };
}
