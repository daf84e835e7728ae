/*
 * A result as a page of HTML in one file (base/page.h): what a paper's table and figures need, and
 * what a sceptical reader asks for next.
 *
 *     struct score_pictures *pictures = NULL;
 *     if (score_pictures_open(&pictures, result, "data/val", NULL, &err) < 0) ...
 *     if (score_page_save(result, pictures, "page.html", &err) < 0) ...
 *     score_pictures_close(pictures);
 */
#ifndef TENFOLD_EVAL_SCORE_PAGE_H
#define TENFOLD_EVAL_SCORE_PAGE_H

#include "eval/score.h"
#include "eval/score_pictures.h"

/* `pictures` of the mistakes and suspects; NULL: their names alone. */
int score_page_save(const struct score_result *result, struct score_pictures *pictures,
                    const char *path, struct error *err);

#endif
