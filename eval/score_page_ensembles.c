/* What members bring to an ensemble, and what it costs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/score_page_parts.h"

static void add_members(struct score_page *s, const struct score_ensemble *e)
{
    static const char *const columns[] = {
        "member",    "weight",    "top-1 % without it", "what it adds, in points",
        "corrected", "corrupted", "McNemar p",          "NLL without it",
        "NLL gain"
    };
    struct score_cells row = { 0 };
    page_table(s->page, columns, e->without ? 9 : 2);
    for (int m = 0; m < e->members; m++) {
        score_cells_name(&row, s->r->predictor[e->member[m]].name);
        score_cells_print(&row, "%.4f", e->weight[m]);
        if (e->without) {
            const struct score_without *w = &e->without[m];
            bool probs = s->r->predictor[e->predictor].has_probs;
            score_cells_print(&row, "%.2f", 100 * w->top1);
            score_cells_gain(&row, w->gain_top1, 100, 2, true);
            score_cells_print(&row, "%" PRIu64, w->corrected);
            score_cells_print(&row, "%" PRIu64, w->corrupted);
            score_cells_p(&row, w->mcnemar);
            score_cells_interval(&row, interval_none(w->nll), 1, 4, probs);
            score_cells_gain(&row, w->gain_nll, 1, 4, probs);
        }
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
}

static void list_steps(struct score_page *s, const struct score_ensemble *e)
{
    static const char *const columns[] = { "step",      "added",   "networks",
                                           "criterion", "top-1 %", "NLL" };
    struct score_cells row = { 0 };
    page_fold(s->page, "All steps");
    page_table(s->page, columns, 6);
    for (int i = 0; i < e->steps; i++) {
        const struct score_step *step = &e->step[i];
        score_cells_print(&row, "%d%s", i + 1, i + 1 == e->chosen ? ", chosen" : "");
        score_cells_name(&row, s->r->predictor[step->member].name);
        score_cells_print(&row, "%d", step->distinct);
        score_cells_print(&row, "%.4f", step->criterion);
        score_cells_print(&row, "%.2f", 100 * step->top1);
        score_cells_print(&row, "%.4f", step->nll);
        score_cells_add(&row, s->page);
    }
    page_table_end(s->page);
    page_fold_end(s->page);
}

/* A number of all steps against what running the members costs: the chosen one apart. */
static void plot_steps(struct score_page *s, const struct score_ensemble *e,
                       const struct page_series *all, const char *name, const char *cost,
                       bool whole)
{
    char title[64];
    struct page_series series[] = { *all, *all };
    snprintf(title, sizeof(title), "%s against cost", name);
    series[0].mark = PAGE_DOTS;
    series[0].name = "after each step";
    series[1].mark = PAGE_DOTS;
    series[1].name = "chosen";
    series[1].x += e->chosen - 1;
    series[1].y += e->chosen - 1;
    series[1].tips += e->chosen - 1;
    series[1].count = 1;
    page_plot(s->page, &(struct page_plot){ .title = title,
                                            .x = { .name = cost, .whole = whole },
                                            .y = { .name = name },
                                            .series = series,
                                            .count = 2 });
}

static int add_steps(struct score_page *s, const struct score_ensemble *e, struct error *err)
{
    size_t count = (size_t)e->steps;
    double *x = memory_array(3 * count, sizeof(*x), err);
    char(*text)[160] = memory_array(count, sizeof(*text), err);
    const char **tips = memory_array(count, sizeof(*tips), err);
    bool whole = x && text && tips, priced = true;
    for (size_t i = 0; i < count; i++)
        priced &= e->step[i].multiply_adds > 0;
    if (whole) {
        double *top1 = x + count, *nll = top1 + count;
        for (size_t i = 0; i < count; i++) {
            const struct score_step *step = &e->step[i];
            x[i] = priced ? (double)step->multiply_adds / 1e9 : step->distinct;
            top1[i] = 100 * step->top1;
            nll[i] = step->nll;
            snprintf(text[i], sizeof(*text), "step %zu, with %.60s: %.2f %%, NLL %.4f", i + 1,
                     s->r->predictor[step->member].name, top1[i], nll[i]);
            tips[i] = text[i];
        }
        const char *cost = priced ? "multiplications a view, billions" : "networks to be run";
        struct page_series series = { .x = x, .y = top1, .tips = tips, .count = count };
        page_side_by_side(s->page);
        plot_steps(s, e, &series, "top-1 in %", cost, !priced);
        series.y = nll;
        plot_steps(s, e, &series, "NLL", cost, !priced);
        page_side_by_side_end(s->page);
        list_steps(s, e);
        page_text(s->page,
                  "Greedy selection with replacement: of %d steps, the ensemble is what "
                  "there is after step %d. A step is judged on the samples for selection; the "
                  "numbers are those of the reported ones.",
                  e->steps, e->chosen);
    }
    free(x);
    free(text);
    free(tips);
    return whole ? 0 : -1;
}

int score_page_ensembles(struct score_page *s, struct error *err)
{
    const struct score_result *r = s->r;
    if (!r->ensembles)
        return 0;
    page_heading(s->page, "Ensembles");
    if (*r->selection.how)
        page_text(s->page, "Weights are fitted and members chosen on %s (%" PRIu64 " samples).",
                  r->selection.how, r->selection.n);
    for (int i = 0; i < r->ensembles; i++) {
        const struct score_ensemble *e = &r->ensemble[i];
        page_subheading(s->page, r->predictor[e->predictor].name);
        page_text(s->page, "Rule: %s. Weights: %s.", score_rule_names[e->rule],
                  score_weighting_names[e->weighting]);
        if (e->optimistic)
            page_stamp(s->page, "OPTIMISTIC",
                       "Its members or weights were chosen on the samples that are reported.");
        add_members(s, e);
        if (e->step && e->steps && add_steps(s, e, err) < 0)
            return -1;
    }
    return 0;
}
