/*
 * A growing run of bytes, always followed by a NUL, for files read whole and for text being
 * written.
 *
 *     struct buffer b = { 0 };
 *     if (buffer_print(&b, "%s\t%d\n", key, label, ...) < 0) ...
 *     buffer_release(&b);
 */
#ifndef TENFOLD_BASE_BUFFER_H
#define TENFOLD_BASE_BUFFER_H

#include <stddef.h>

#include "base/error.h"

struct buffer {
    char *data; /* owned; NULL while empty */
    size_t size, capacity;
};

/* Room for `capacity` bytes in all (content stays). */
int buffer_reserve(struct buffer *b, size_t capacity, struct error *err);

int buffer_append(struct buffer *b, const void *data, size_t size, struct error *err);

int buffer_print(struct buffer *b, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void buffer_release(struct buffer *b);

#endif
