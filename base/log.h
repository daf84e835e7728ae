/*
 * An append-only log of JSON lines: each call writes one whole line and flushes it, so that a
 * reader (or a crash) never sees half of one. Where a disk was full for a while, the line that did
 * not fit may be there in part, and the next one begins on a line of its own. On NFS each line is
 * synced: readers on other machines see it at once.
 */
#ifndef TENFOLD_BASE_LOG_H
#define TENFOLD_BASE_LOG_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct log;
int log_open(struct log **log, const char *path, bool append, struct error *err);
/* Takes the reference to `record`. Any thread. */
int log_write(struct log *log, json_t *record, struct error *err);
int log_close(struct log *log, struct error *err); /* NULL is a no-op */

#endif
