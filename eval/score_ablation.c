#include "eval/score_ablation.h"

#include <string.h>

#include "eval/ablation.h"
#include "eval/interval.h"
#include "eval/paired.h"

static int add_rows(struct score_result *r, int predictor, const struct ablation *a,
                    struct error *err)
{
    for (int i = 0; i < a->rows; i++) {
        const struct ablation_row *from = &a->row[i];
        struct score_view *view = &r->view[r->views];
        double gain =
            a->labeled ? ((double)a->correct - (double)from->without) / (double)a->labeled : 0;
        bool alone = from->views == a->views; /* there are no others */
        *view =
            (struct score_view){ .predictor = predictor,
                                 .name = arena_text(&r->arena, from->name, strlen(from->name), err),
                                 .is_scale = from->is_scale,
                                 .views = from->views,
                                 .top1 = interval_wilson(from->correct, a->labeled),
                                 .nll = from->nll,
                                 .gain_top1 = interval_none(alone ? 0 : gain),
                                 .corrected = from->corrected,
                                 .corrupted = from->corrupted,
                                 .mcnemar = paired_mcnemar(from->corrected, from->corrupted),
                                 .weight = from->weight };
        if (!view->name)
            return -1;
        r->views++;
    }
    return 0;
}

int score_add_views(struct score_result *r, int predictor, const struct prediction_file *file,
                    const double *weight, struct pool *pool, struct error *err)
{
    struct ablation a;
    if (ablation_make(file, weight, NULL, pool, &a, err) < 0)
        return -1;
    struct score_view *all = arena_take(&r->arena, (size_t)(r->views + a.rows), sizeof(*all), err);
    if (all && r->views)
        memcpy(all, r->view, (size_t)r->views * sizeof(*all));
    r->view = all;
    int status = all ? add_rows(r, predictor, &a, err) : -1;
    ablation_release(&a);
    return status;
}
