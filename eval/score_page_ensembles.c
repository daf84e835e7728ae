/* What members bring to an ensemble, what it costs, and how alike predictors are. */
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
                  "Greedy selection with replacement: of %d steps the first %d make the "
                  "ensemble. A step is judged on the samples for selection; the numbers "
                  "are those of the reported ones.",
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

/* A matrix of all pairs with numbers in it. */
struct pairs {
    double *shade;
    char (*text)[16], (*tip)[SCORE_CELL];
    const char **texts, **tips, **names;
};

static int pairs_init(struct pairs *m, const struct score_result *r, struct error *err)
{
    size_t side = (size_t)r->predictors, cells = side * side;
    *m = (struct pairs){
        memory_array(cells, sizeof(double), err),  memory_array(cells, sizeof(*m->text), err),
        memory_array(cells, sizeof(*m->tip), err), memory_array(cells, sizeof(char *), err),
        memory_array(cells, sizeof(char *), err),  memory_array(side, sizeof(char *), err)
    };
    if (!m->shade || !m->text || !m->tip || !m->texts || !m->tips || !m->names)
        return -1;
    for (size_t i = 0; i < side; i++)
        m->names[i] = r->predictor[i].name;
    return 0;
}

static void pairs_release(struct pairs *m)
{
    free(m->shade);
    free(m->text);
    free(m->tip);
    free(m->texts);
    free(m->tips);
    free(m->names);
}

static double pair_value(const struct score_pair *x, bool correlation)
{
    return correlation ? x->error_correlation : 100 * x->disagreement;
}

static void add_pairs(struct score_page *s, struct pairs *m, bool correlation)
{
    const struct score_result *r = s->r;
    int side = r->predictors;
    double most = 0;
    for (int a = 0; a < side; a++)
        for (int b = 0; b < side; b++)
            if (a != b) {
                struct score_pair x = score_pair_of(r, a, b);
                double value = pair_value(&x, correlation);
                most = value > most ? value : most;
            }
    for (int a = 0; a < side; a++)
        for (int b = 0; b < side; b++) {
            int at = a * side + b;
            m->texts[at] = m->tips[at] = NULL;
            m->shade[at] = 0;
            if (a == b)
                continue;
            struct score_pair x = score_pair_of(r, a, b);
            double value = pair_value(&x, correlation);
            m->shade[at] = most > 0 && value > 0 ? value / most : 0;
            snprintf(m->text[at], sizeof(*m->text), correlation ? "%.2f" : "%.1f", value);
            snprintf(m->tip[at], sizeof(*m->tip),
                     "both right %" PRIu64 ", row alone %" PRIu64 ", column alone %" PRIu64
                     ", neither %" PRIu64,
                     x.both, x.only_a, x.only_b, x.neither);
            m->texts[at] = m->text[at];
            m->tips[at] = m->tip[at];
        }
    page_grid(s->page, &(struct page_grid){ .title = correlation ? "correlation of errors"
                                                                 : "different answers, in %",
                                            .rows_name = "",
                                            .columns_name = "",
                                            .side = side,
                                            .names = m->names,
                                            .shade = m->shade,
                                            .texts = m->texts,
                                            .tips = m->tips });
}

int score_page_agreement(struct score_page *s, struct error *err)
{
    struct pairs m;
    if (s->r->predictors < 2)
        return 0;
    int status = pairs_init(&m, s->r, err);
    if (status == 0) {
        page_heading(s->page, "Disagreement");
        page_side_by_side(s->page);
        add_pairs(s, &m, false);
        add_pairs(s, &m, true);
        page_side_by_side_end(s->page);
        page_text(s->page, "Members that err on different samples make better ensembles: many "
                           "different answers, little correlation.");
    }
    pairs_release(&m);
    return status;
}

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
