/*
 * A result as CSV: a row a predictor, first the columns that timm writes and reads (shares in
 * percent, parameters in millions), then ours.
 *
 *     struct buffer text = { 0 };
 *     if (score_csv(result, &text, &err) < 0 || file_write(path, text.data, text.size, &err) < 0)
 */
#ifndef TENFOLD_EVAL_SCORE_CSV_H
#define TENFOLD_EVAL_SCORE_CSV_H

#include "base/buffer.h"
#include "eval/score.h"

/* Appended to `text`. What is not known is an empty field. */
int score_csv(const struct score_result *result, struct buffer *text, struct error *err);

#endif
