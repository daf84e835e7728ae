#include "eval/score_page.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/score_page_parts.h"

void score_cells_name(struct score_cells *c, const char *name)
{
    c->cell[c->count++] = name;
}

void score_cells_print(struct score_cells *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(c->text[c->count], SCORE_CELL, format, list);
    va_end(list);
    c->cell[c->count] = c->text[c->count];
    c->count++;
}

static void print_interval(struct score_cells *c, struct interval x, double times, int digits,
                           bool known, bool sign)
{
    const char *whole = sign ? "%+.*f (%+.*f .. %+.*f)" : "%.*f (%.*f .. %.*f)";
    if (!known)
        score_cells_print(c, "-");
    else if (x.kind == INTERVAL_NONE)
        score_cells_print(c, sign ? "%+.*f" : "%.*f", digits, times * x.value);
    else
        score_cells_print(c, whole, digits, times * x.value, digits, times * x.low, digits,
                          times * x.high);
}

void score_cells_interval(struct score_cells *c, struct interval x, double times, int digits,
                          bool known)
{
    print_interval(c, x, times, digits, known, false);
}

void score_cells_gain(struct score_cells *c, struct interval x, double times, int digits,
                      bool known)
{
    print_interval(c, x, times, digits, known, true);
}

void score_cells_p(struct score_cells *c, double p)
{
    if (p < 0.0001)
        score_cells_print(c, "<0.0001");
    else
        score_cells_print(c, "%.4f", p);
}

void score_cells_add(struct score_cells *c, struct page *page)
{
    page_row(page, c->cell, c->count);
    c->count = 0;
}

const char *score_page_class(const struct score_result *r, int class, char *text)
{
    if (r->class_name && class >= 0 && class < r->k)
        return r->class_name[class];
    snprintf(text, 16, "%d", class);
    return text;
}

static void add_head(struct score_page *s)
{
    const struct score_result *r = s->r;
    char apart[96] = "";
    if (r->labeled < r->n)
        snprintf(apart, sizeof(apart), "; %" PRIu64 " of them are reported and have a label",
                 r->labeled);
    page_text(s->page, "%s%s%" PRIu64 " samples, %d classes%s. Intervals are at 95 %%.", r->data,
              *r->data ? ": " : "", r->n, r->k, apart);
    if (*r->optimistic) { /* the word, which the sentence may begin with, is the stamp's */
        const char *said = "optimistic: ";
        size_t length = strlen(said);
        page_stamp(s->page, "OPTIMISTIC",
                   r->optimistic + (strncmp(r->optimistic, said, length) ? 0 : length));
    }
    for (int w = 0; w < r->warnings; w++)
        page_stamp(s->page, "WARNING", r->warning[w]);
    page_contents(s->page);
}

/* One number of all predictors, a row each, the one that is shown in detail apart. */
struct chart {
    struct page_span *span; /* (predictors) */
    char (*text)[SCORE_CELL];
};

static void fill_span(struct chart *c, const struct score_page *s, int p, int at, struct interval x,
                      bool gain)
{
    const char *whole = gain ? "%+.2f (%+.2f .. %+.2f)" : "%.2f %% (%.2f .. %.2f)";
    c->span[at] = (struct page_span){ .name = s->r->predictor[p].name,
                                      .value = 100 * x.value,
                                      .low = 100 * x.low,
                                      .high = 100 * x.high,
                                      .text = c->text[at],
                                      .strong = p == s->focus };
    if (x.kind == INTERVAL_NONE)
        snprintf(c->text[at], SCORE_CELL, gain ? "%+.2f" : "%.2f %%", 100 * x.value);
    else
        snprintf(c->text[at], SCORE_CELL, whole, 100 * x.value, 100 * x.low, 100 * x.high);
}

static void add_accuracy(struct score_page *s, struct chart *c)
{
    const struct score_result *r = s->r;
    page_heading(s->page, "Accuracy");
    for (int p = 0; p < r->predictors; p++)
        fill_span(c, s, p, p, r->predictor[p].top1, false);
    page_spans(s->page, &(struct page_spans){ .title = "top-1 with Wilson's interval",
                                              .unit = "top-1 in %",
                                              .spans = c->span,
                                              .count = (size_t)r->predictors,
                                              .highest = 100 });
    page_text(s->page, "All predictors saw the same samples: two whose intervals overlap may still "
                       "differ. The tests under \"Gains\" decide that.");
    char top[24];
    snprintf(top, sizeof(top), "top-%d %%", r->predictor[0].top);
    bool real = r->predictor[0].real_labeled > 0;
    const char *const columns[] = { "predictor", "correct", "top-1 %",    top,     "precision %",
                                    "recall %",  "F1 %",    "parameters", "ReaL %" };
    struct score_cells row = { 0 };
    page_table(s->page, columns, real ? 9 : 8);
    for (int p = 0; p < r->predictors; p++) {
        const struct score_predictor *x = &r->predictor[p];
        score_cells_name(&row, x->name);
        score_cells_print(&row, "%" PRIu64, x->correct);
        score_cells_interval(&row, x->top1, 100, 2, true);
        score_cells_interval(&row, x->topk, 100, 2, x->has_probs);
        score_cells_print(&row, "%.2f", 100 * x->precision.value);
        score_cells_print(&row, "%.2f", 100 * x->recall.value);
        score_cells_interval(&row, x->f1, 100, 2, true);
        if (x->parameters)
            score_cells_print(&row, "%" PRIu64, x->parameters);
        else
            score_cells_print(&row, "-");
        if (real)
            score_cells_interval(&row, x->real, 100, 2, x->real_labeled > 0);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
    page_text(s->page, "Precision, recall and F1 are means over the classes.");
}

static void add_gains(struct score_page *s, struct chart *c)
{
    const struct score_result *r = s->r;
    int count = 0;
    if (r->predictors < 2)
        return;
    page_heading(s->page, "Gains");
    for (int p = 0; p < r->predictors; p++)
        if (p != r->best)
            fill_span(c, s, p, count++, score_pair_of(r, r->best, p).gain_top1, true);
    char title[256];
    snprintf(title, sizeof(title), "top-1 against the best single one, %.180s",
             r->predictor[r->best].name);
    page_spans(s->page, &(struct page_spans){ .title = title,
                                              .unit = "points; at 0 nothing is gained",
                                              .spans = c->span,
                                              .count = (size_t)count,
                                              .zero = true });
    static const char *const columns[] = { "predictor", "top-1 gain in points",
                                           "corrected", "corrupted",
                                           "McNemar p", "bootstrap p",
                                           "NLL gain" };
    struct score_cells row = { 0 };
    page_table(s->page, columns, 7);
    for (int p = 0; p < r->predictors; p++) {
        if (p == r->best)
            continue;
        struct score_pair x = score_pair_of(r, r->best, p);
        score_cells_name(&row, r->predictor[p].name);
        score_cells_gain(&row, x.gain_top1, 100, 2, true);
        score_cells_print(&row, "%" PRIu64, x.only_b);
        score_cells_print(&row, "%" PRIu64, x.only_a);
        score_cells_p(&row, x.mcnemar);
        if (r->rounds)
            score_cells_p(&row, x.bootstrap);
        else
            score_cells_print(&row, "-");
        score_cells_gain(&row, x.gain_nll, 1, 4,
                         r->predictor[p].has_probs && r->predictor[r->best].has_probs);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
    page_text(s->page,
              "Corrected: wrong by %s, right by this one; corrupted the other way round. McNemar's "
              "test is exact and looks at these alone; the paired bootstrap draws samples. Held "
              "against %.4f instead of 0.05, the %d tests together find a difference where there "
              "is none at most once in twenty times (Bonferroni).",
              r->predictor[r->best].name, 0.05 / count, count);
    if (r->singles > 1)
        page_text(s->page,
                  "The best one is the best on these very samples, of %d: luck is on its "
                  "side, so that gains over it are understated rather than overstated.",
                  r->singles);
}

static int add_all(struct score_page *s, struct error *err)
{
    size_t rows = (size_t)s->r->predictors;
    struct chart chart = { memory_array(rows, sizeof(struct page_span), err),
                           memory_array(rows, SCORE_CELL, err) };
    if (chart.span && chart.text) {
        add_head(s);
        add_accuracy(s, &chart);
        add_gains(s, &chart);
    }
    bool whole = chart.span && chart.text;
    free(chart.span);
    free(chart.text);
    if (!whole)
        return -1;
    score_page_calibration(s);
    score_page_risk(s);
    if (score_page_confusion(s, err) < 0 || score_page_classes(s, err) < 0 ||
        score_page_ensembles(s, err) < 0 || score_page_agreement(s, err) < 0)
        return -1;
    score_page_views(s);
    if (score_page_samples(s, err) < 0)
        return -1;
    score_page_provenance(s);
    return 0;
}

int score_page_save(const struct score_result *r, struct score_pictures *pictures, const char *path,
                    struct error *err)
{
    struct score_page s = { NULL, r, pictures, r->ensembles ? r->ensemble[0].predictor : r->best };
    char title[256];
    const char *last = strrchr(r->data, '/'), *data = last && last[1] ? last + 1 : r->data;
    if (*r->title)
        snprintf(title, sizeof(title), "%.200s", r->title);
    else if (*r->data)
        snprintf(title, sizeof(title), "Evaluation on %.200s", data);
    else
        snprintf(title, sizeof(title), "Evaluation");
    if (page_open(&s.page, title, err) < 0)
        return -1;
    int status = add_all(&s, err);
    if (status == 0)
        status = page_save(s.page, path, err);
    page_close(s.page);
    return status;
}
