/* Is a confidence of 90 % right nine times of ten, and how sure must one be for how few errors? */
#include <inttypes.h>
#include <stdio.h>

#include "eval/score_page_parts.h"

enum { SHOWN = 12, LINES = 12 }; /* diagrams and curves; the numbers of all are in the tables */

static void add_row(struct score_page *s, const struct score_predictor *x,
                    const struct score_calibration *c)
{
    struct score_cells row = { 0 };
    score_cells_name(&row, x->name);
    if (c == &x->scaled)
        score_cells_print(&row, "%.3f", x->temperature);
    score_cells_interval(&row, c->nll, 1, 4, true);
    score_cells_interval(&row, c->brier, 1, 4, true);
    score_cells_interval(&row, c->ece, 1, 4, true);
    score_cells_print(&row, "%.4f", c->ece_floor);
    score_cells_interval(&row, c->ece_mass, 1, 4, true);
    score_cells_interval(&row, c->ece_class, 1, 4, true);
    score_cells_add(&row, s->page);
}

static void add_tables(struct score_page *s)
{
    static const char *const raw[] = {
        "predictor", "NLL", "Brier", "ECE", "floor", "ECE, equal mass", "ECE, class-wise"
    };
    static const char *const scaled[] = {
        "predictor", "T", "NLL", "Brier", "ECE", "floor", "ECE, equal mass", "ECE, class-wise"
    };
    bool any = false;
    page_table(s->page, raw, 7);
    for (int p = 0; p < s->r->predictors; p++) {
        if (s->r->predictor[p].has_probs)
            add_row(s, &s->r->predictor[p], &s->r->predictor[p].raw);
        any |= s->r->predictor[p].temperature > 0;
    }
    page_table_end(s->page);
    if (!any)
        return;
    page_text(s->page,
              "After temperature scaling (temperatures fitted on %s):", s->r->temperature.how);
    page_table(s->page, scaled, 8);
    for (int p = 0; p < s->r->predictors; p++)
        if (s->r->predictor[p].temperature > 0)
            add_row(s, &s->r->predictor[p], &s->r->predictor[p].scaled);
    page_table_end(s->page);
}

static void add_diagram(struct score_page *s, const struct score_predictor *x,
                        const struct score_calibration *c, const char *what)
{
    double middle[SCORE_BINS], accuracy[SCORE_BINS], low[SCORE_BINS], high[SCORE_BINS],
        at[SCORE_BINS], share[SCORE_BINS];
    char text[SCORE_BINS][SCORE_CELL], title[160];
    const char *tips[SCORE_BINS];
    size_t count = 0;
    double most = 0;
    for (int b = 0; b < SCORE_BINS; b++) {
        const struct score_bin *bin = &c->width[b];
        if (!bin->count)
            continue;
        middle[count] = (bin->low + bin->high) / 2;
        at[count] = bin->confidence;
        share[count] = 100 * (double)bin->count / (double)(x->labeled ? x->labeled : 1);
        most = share[count] > most ? share[count] : most;
        accuracy[count] = bin->accuracy.value;
        low[count] = bin->accuracy.low;
        high[count] = bin->accuracy.high;
        snprintf(text[count], SCORE_CELL,
                 "%" PRIu64 " samples, confidence %.3f, accuracy %.3f (%.3f .. %.3f)", bin->count,
                 bin->confidence, bin->accuracy.value, bin->accuracy.low, bin->accuracy.high);
        tips[count] = text[count];
        count++;
    }
    snprintf(title, sizeof(title), "%.80s%s: ECE %.4f", x->name, what, c->ece.value);
    struct page_series series[] = {
        { .mark = PAGE_BARS,
          .x = middle,
          .y = accuracy,
          .width = 1.0 / SCORE_BINS,
          .tips = tips,
          .count = count },
        { .mark = PAGE_DOTS,
          .x = at,
          .y = accuracy,
          .low = low,
          .high = high,
          .tips = tips,
          .count = count },
    };
    page_plot(s->page, &(struct page_plot){ .title = title,
                                            .x = { .name = "confidence", .high = 1 },
                                            .y = { .name = "accuracy", .high = 1 },
                                            .diagonal = true,
                                            .series = series,
                                            .count = 2,
                                            .width = 230,
                                            .height = 230 });
    series[0].y = share;
    page_plot(s->page, &(struct page_plot){ .title = "where the samples are",
                                            .x = { .name = "confidence", .high = 1 },
                                            .y = { .name = "samples in %", .high = most * 1.05 },
                                            .series = series,
                                            .count = 1,
                                            .width = 150,
                                            .height = 230 });
}

static void add_diagrams(struct score_page *s, int p)
{
    const struct score_predictor *x = &s->r->predictor[p];
    if (!x->has_probs)
        return;
    add_diagram(s, x, &x->raw, "");
    if (x->temperature > 0)
        add_diagram(s, x, &x->scaled, ", scaled");
}

void score_page_calibration(struct score_page *s)
{
    const struct score_result *r = s->r;
    bool any = false;
    for (int p = 0; p < r->predictors; p++)
        any |= r->predictor[p].has_probs;
    if (!any)
        return;
    page_heading(s->page, "Calibration");
    page_side_by_side(s->page);
    add_diagrams(s, s->focus);
    page_side_by_side_end(s->page);
    page_text(s->page, "Reliability in 15 bins of equal width: a bar is the accuracy of its "
                       "samples, a dot stands at their mean confidence with the accuracy's "
                       "interval. On the dashed line confidence is what it says; below it the "
                       "predictor is too sure.");
    if (r->predictors > 1) {
        page_fold(s->page, "The other predictors' diagrams");
        page_side_by_side(s->page);
        for (int p = 0, shown = 0; p < r->predictors && shown < SHOWN; p++)
            if (p != s->focus) {
                add_diagrams(s, p);
                shown++;
            }
        page_side_by_side_end(s->page);
        page_fold_end(s->page);
    }
    add_tables(s);
    page_text(s->page, "NLL: mean of -log p(label). Brier: 0..2. The floor is the ECE that a "
                       "perfectly calibrated predictor of these confidences shows on so few "
                       "samples: an ECE near it says nothing.");
}

void score_page_risk(struct score_page *s)
{
    const struct score_result *r = s->r;
    struct page_series series[LINES];
    double x[SCORE_RISKS], y[LINES][SCORE_RISKS];
    size_t count = 0;
    for (int p = 0; p < r->predictors && count < LINES; p++) {
        const struct score_risk *risk = r->predictor[p].risk;
        if (!risk)
            continue;
        for (int i = 0; i < SCORE_RISKS; i++) {
            x[i] = 100 * i / (double)(SCORE_RISKS - 1);
            y[count][i] = 100 * risk[i].risk;
        }
        series[count] = (struct page_series){ .name = r->predictor[p].name,
                                              .mark = PAGE_LINE,
                                              .x = x + 1,
                                              .y = y[count] + 1,
                                              .count = SCORE_RISKS - 1 };
        count++;
    }
    if (!count)
        return;
    page_heading(s->page, "Coverage and risk");
    page_plot(s->page, &(struct page_plot){ .title = "error among the most confident samples",
                                            .x = { .name = "coverage in %", .high = 100 },
                                            .y = { .name = "error in %" },
                                            .series = series,
                                            .count = count,
                                            .width = 560,
                                            .height = 260 });
    static const char *const columns[] = { "predictor", "AURC",    "error at 50 %",
                                           "at 80 %",   "at 90 %", "at 100 %" };
    static const int at[] = { 50, 80, 90, 100 };
    struct score_cells row = { 0 };
    page_table(s->page, columns, 6);
    for (int p = 0; p < r->predictors; p++) {
        const struct score_predictor *q = &r->predictor[p];
        if (!q->risk)
            continue;
        score_cells_name(&row, q->name);
        score_cells_interval(&row, q->aurc, 1, 4, true);
        for (int i = 0; i < 4; i++)
            score_cells_print(&row, "%.2f %%", 100 * q->risk[at[i]].risk);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
    page_text(s->page, "Who answers only the samples of which it is surest errs so often. AURC is "
                       "the mean over all coverages; smaller is better.");
}
