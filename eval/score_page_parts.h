/* Inside score_page: its sections and what they share. Others include score_page.h. */
#ifndef TENFOLD_EVAL_SCORE_PAGE_PARTS_H
#define TENFOLD_EVAL_SCORE_PAGE_PARTS_H

#include "base/page_chart.h"
#include "eval/score_page.h"

/* Everything is borrowed. */
struct score_page {
    struct page *page;
    const struct score_result *r;
    struct score_pictures *pictures; /* or NULL */
    int focus; /* the predictor that is shown in detail: the first ensemble, or the best file */
};

enum { SCORE_CELL = 96, SCORE_CELLS = 16 };

/* A row of a table while it is filled. */
struct score_cells {
    char text[SCORE_CELLS][SCORE_CELL];
    const char *cell[SCORE_CELLS]; /* into `text`, or a name */
    size_t count;
};

void score_cells_name(struct score_cells *c, const char *name); /* borrowed */
void score_cells_print(struct score_cells *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "93.22 (91.50 .. 94.60)", of `times` the numbers; "-" where `known` is false. */
void score_cells_interval(struct score_cells *c, struct interval x, double times, int digits,
                          bool known);
void score_cells_gain(struct score_cells *c, struct interval x, double times, int digits,
                      bool known);                   /* the same with signs */
void score_cells_p(struct score_cells *c, double p); /* "0.0312", "<0.0001" */
/* Into the page; empty again. */
void score_cells_add(struct score_cells *c, struct page *page);

/* The class' name, or its number in `text` (16). */
const char *score_page_class(const struct score_result *r, int class, char *text);

/* score_page_calibration.c */
void score_page_calibration(struct score_page *s);
void score_page_risk(struct score_page *s);
/* score_page_classes.c; -1 and err: no memory. */
int score_page_confusion(struct score_page *s, struct error *err);
int score_page_classes(struct score_page *s, struct error *err);
/* score_page_ensembles.c */
int score_page_ensembles(struct score_page *s, struct error *err);
/* score_page_agreement.c */
int score_page_agreement(struct score_page *s, struct error *err);
/* score_page_views.c */
void score_page_views(struct score_page *s);
/* score_page_samples.c */
int score_page_samples(struct score_page *s, struct error *err);
/* score_page_provenance.c */
void score_page_provenance(struct score_page *s);

#endif
