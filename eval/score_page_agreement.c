/* How alike predictors are: all pairs of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/score_page_parts.h"

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
            snprintf(m->text[at], sizeof(*m->text),
                     correlation    ? "%.2f"
                     : value < 9.95 ? "%.1f"
                                    : "%.0f",
                     value);
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
