/*
 * Rows of comma-separated values, RFC 4180: fields may be quoted, "" is a quote in a quoted field,
 * lines end in LF or CRLF; a byte-order mark is skipped. Tabs and semicolons serve as separators
 * where the first line has them and no comma. Rows must have the first one's number of fields.
 *
 *     struct csv c;
 *     if (csv_open(&c, "labels.csv", limit, &err) < 0) ...
 *     while ((rc = csv_next(&c, &err)) > 0)
 *         use(c.field[0], c.fields);
 *     csv_close(&c);
 */
#ifndef TENFOLD_BASE_CSV_H
#define TENFOLD_BASE_CSV_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

struct csv {
    const char *path;   /* borrowed */
    struct buffer text; /* owned; fields are cut out of it in place */
    size_t at;
    char separator;
    uint64_t line; /* of the row at hand, from 1 */
    char **field;  /* (fields) of the row at hand; owned, the texts borrowed */
    size_t fields, capacity;
};

/* The whole file is read, up to `limit` bytes. `path` must outlive it. */
int csv_open(struct csv *csv, const char *path, uint64_t limit, struct error *err);
/* 1: the next row is in field[]; 0: there is none; -1: ERROR_DATA names the line. Empty lines are
 * skipped. */
int csv_next(struct csv *csv, struct error *err);
void csv_close(struct csv *csv);

#endif
