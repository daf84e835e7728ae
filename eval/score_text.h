/*
 * A result as a table for the terminal.
 *
 *     struct buffer text = { 0 };
 *     if (score_print(result, &text, &err) < 0) ...
 *     fputs(text.data, stdout);
 */
#ifndef TENFOLD_EVAL_SCORE_TEXT_H
#define TENFOLD_EVAL_SCORE_TEXT_H

#include "base/buffer.h"
#include "eval/score.h"

/* Appended to `text`. */
int score_print(const struct score_result *result, struct buffer *text, struct error *err);
/* One pair in full: what each gets right alone, the gains, the tests. */
int score_print_pair(const struct score_result *result, int a, int b, struct buffer *text,
                     struct error *err);

#endif
