/* The settings of a stage as points of the unit cube, and what importance() says of them. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/real.h"
#include "train/importance.h"
#include "train/sweep_plan.h"

_Static_assert((int)SPACE_AXES <= (int)IMPORTANCE_MAX, "every space can be judged");

/* Where a value lies within its axis, 0..1, so that settings by chance are uniform. */
static double place_in(const struct space_axis *axis, const json_t *value)
{
    double x = json_number_value(value), low = axis->low, high = axis->high;
    size_t count = json_array_size(axis->choices);
    switch (axis->law) {
    case SPACE_CHOICE:
        for (size_t i = 0; i < count; i++)
            if (json_equal(value, json_array_get(axis->choices, i)))
                return ((double)i + 0.5) / (double)count;
        return 0.5;
    case SPACE_NORMAL:
        return erfc((low - x) / (high * sqrt(2))) / 2;
    case SPACE_LOG_UNIFORM:
    case SPACE_LOG_INT:
        if (x <= 0 || low == high)
            return 0.5;
        return (real_log(x) - real_log(low)) / (real_log(high) - real_log(low));
    default:
        return low == high ? 0.5 : (x - low) / (high - low);
    }
}

/* The results of the first rung, one row each: all settings are there, and equally long. */
static size_t fill(const struct space *space, const struct sweep_results *results, double *x,
                   double *y)
{
    size_t n = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct sweep_result *r = &results->item[i];
        if (r->rung > 0)
            continue;
        for (size_t j = 0; j < space->count; j++) {
            const struct space_axis *axis = &space->axis[j];
            double at = place_in(axis, json_object_get(r->params, axis->key));
            x[n * space->count + j] = fmin(fmax(at, 0), 1);
        }
        y[n++] = r->state == SWEEP_DONE || r->state == SWEEP_EARLY ? r->best_top1 : 0;
    }
    return n;
}

static json_t *judge(const struct sweep_plan *plan, const struct sweep_results *results,
                     struct error *err)
{
    const struct space *space = &plan->space;
    double share[SPACE_AXES] = { 0 };
    double *x = memory_array(results->count * space->count, sizeof(*x), err);
    double *y = memory_array(results->count, sizeof(*y), err);
    json_t *json = x && y ? json_object() : NULL;
    size_t n = json ? fill(space, results, x, y) : 0;
    int rc =
        n > 0 && space->count > 0 ? importance(x, y, n, space->count, plan->seed, share, err) : 0;
    for (size_t j = 0; j < space->count && rc == 0 && json; j++)
        rc = json_object_set_new(json, space->axis[j].key, json_real(share[j]));
    free(y);
    free(x);
    if (rc < 0) {
        json_decref(json);
        return NULL;
    }
    return json;
}

int sweep_importance(const char *folder, const char *stage, int round, json_t **shares,
                     struct error *err)
{
    struct sweep_plan plan;
    struct sweep_results results;
    *shares = NULL;
    if (sweep_plan_find(&plan, folder, stage, round, err) < 0)
        return -1;
    if (sweep_read(folder, stage, round, &results, err) == 0) {
        *shares = judge(&plan, &results, err);
        sweep_results_release(&results);
    }
    sweep_plan_release(&plan);
    return *shares ? 0 : -1;
}
