/*
 * JSON written piece by piece: a thousand runs' numbers would cost more as values of a library than
 * as text.
 *
 *     board_text_numbers(&json, "loss", loss, index, kept, &err);     // "loss":[2.3026,null,2.1]
 */
#ifndef TENFOLD_TRAIN_BOARD_TEXT_H
#define TENFOLD_TRAIN_BOARD_TEXT_H

#include <jansson.h>

#include "base/buffer.h"

/* Five significant digits; null where it is not finite. */
int board_text_number(struct buffer *b, double x, struct error *err);
/* "name":[x[index[0]], ...]; `index` NULL: x[0] to x[n - 1]. */
int board_text_numbers(struct buffer *b, const char *name, const double *x, const size_t *index,
                       size_t n, struct error *err);
/* A string of any bytes, in quotes. */
int board_text_string(struct buffer *b, const char *bytes, struct error *err);
/* Any value, numbers with nine digits. */
int board_text_json(struct buffer *b, const json_t *value, struct error *err);

#endif
