/* What each test-time view is worth. */
#include <inttypes.h>
#include <stdio.h>

#include "eval/score_page_parts.h"

static void add_view(struct score_page *s, struct score_cells *row, const struct score_view *v)
{
    score_cells_name(row, v->name);
    score_cells_print(row, "%.4f", v->weight);
    score_cells_interval(row, v->top1, 100, 2, true);
    score_cells_print(row, "%.4f", v->nll);
    score_cells_gain(row, v->gain_top1, 100, 2, true);
    score_cells_print(row, "%" PRIu64, v->corrected);
    score_cells_print(row, "%" PRIu64, v->corrupted);
    score_cells_p(row, v->mcnemar);
    score_cells_add(row, s->page);
}

enum { CHART_VIEWS = 60 };

static void add_views_chart(struct score_page *s, int first, int last)
{
    struct page_span span[CHART_VIEWS];
    char text[CHART_VIEWS][SCORE_CELL];
    size_t count = 0;
    for (int v = first; v < last && count < CHART_VIEWS; v++) {
        const struct score_view *x = &s->r->view[v];
        struct interval top1 = x->top1;
        snprintf(text[count], SCORE_CELL, "%.2f %% (%.2f .. %.2f)", 100 * top1.value,
                 100 * top1.low, 100 * top1.high);
        span[count] = (struct page_span){ x->name,         100 * top1.value, 100 * top1.low,
                                          100 * top1.high, text[count],      x->is_scale };
        count++;
    }
    page_spans(s->page, &(struct page_spans){ .title = "each view alone, and each scale",
                                              .unit = "top-1 in %",
                                              .spans = span,
                                              .count = count,
                                              .highest = 100 });
}

void score_page_views(struct score_page *s)
{
    const struct score_result *r = s->r;
    static const char *const columns[] = {
        "view",      "weight",    "top-1 % alone", "NLL alone", "what it adds, in points",
        "corrected", "corrupted", "McNemar p"
    };
    struct score_cells row = { 0 };
    if (!r->views)
        return;
    page_heading(s->page, "Views");
    page_text(s->page, "What each test-time view is worth: alone, and added to all the others%s.",
              r->views_learned ? "; weights are learned on the samples for selection" : "");
    for (int v = 0; v < r->views;) {
        int last = v, owner = r->view[v].predictor;
        while (last < r->views && r->view[last].predictor == owner)
            last++;
        page_subheading(s->page, r->predictor[owner].name);
        add_views_chart(s, v, last);
        page_table(s->page, columns, 8);
        for (; v < last; v++)
            add_view(s, &row, &r->view[v]);
        page_table_end(s->page);
    }
}
