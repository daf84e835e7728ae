/*
 * The daemon's numbers (docs/protocol.md, stats) for others to read: as Prometheus text, as a page,
 * as a terminal's screen.
 *
 *     if (metrics_text(stats, &out, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_METRICS_H
#define TENFOLD_LOADER_METRICS_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"

/* Appended to `out`, all of them. What is absent in `stats` is left out. */
int metrics_text(const json_t *stats, struct buffer *out, struct error *err);
int metrics_page(const json_t *stats, double images_per_second, struct buffer *out,
                 struct error *err);
/* `before` NULL: rates since the daemon began. */
int metrics_screen(const json_t *stats, const json_t *before, struct buffer *out,
                   struct error *err);

#endif
