#include "train/sweep_versus.h"

#include <math.h>

/* The values of one key, for drawing; null where they are no numbers. */
static json_t *column(const struct sweep_results *results, const char *key)
{
    json_t *list = json_array();
    for (size_t i = 0; i < results->count; i++) {
        const json_t *value = json_object_get(results->item[i].params, key);
        json_array_append_new(list, json_is_number(value) ? json_real(json_number_value(value))
                                                          : json_null());
    }
    return list;
}

static json_t *points(const struct space *space, const struct sweep_results *results)
{
    json_t *json = json_object(), *top1 = json_array();
    for (size_t i = 0; i < space->count; i++)
        json_object_set_new(json, space->axis[i].key, column(results, space->axis[i].key));
    for (size_t i = 0; i < results->count; i++)
        json_array_append_new(top1, json_real(results->item[i].best_top1));
    json_object_set_new(json, "top1", top1);
    return json;
}

static json_t *found(const struct space *space, const struct sweep_results *results)
{
    json_t *tried = json_object(), *trial = json_array(), *best = json_array();
    double top1 = 0;
    for (size_t i = 0; i < space->count; i++) {
        const char *key = space->axis[i].key;
        json_object_set_new(tried, key, json_integer((json_int_t)sweep_values(results, key)));
    }
    for (size_t i = 0; i < results->count; i++) {
        if (results->item[i].state < SWEEP_DIVERGED)
            top1 = fmax(top1, results->item[i].best_top1);
        json_array_append_new(trial, json_integer((json_int_t)i + 1));
        json_array_append_new(best, json_real(top1));
    }
    return json_pack("{s:I, s:f, s:o, s:o, s:o, s:o}", "trials", (json_int_t)results->count,
                     "best_top1", top1, "values_tried", tried, "trial", trial, "best", best,
                     "points", points(space, results));
}

/* One of the two, run and told under its name. */
static int run(struct sweep *sweep, const struct sweep_stage *common, enum sweep_search search,
               double deadline, json_t *evidence, struct error *err)
{
    struct sweep_stage stage = *common;
    struct sweep_end end;
    struct sweep_results results;
    stage.search = search;
    stage.name = search == SWEEP_GRID ? "grid" : "random";
    if (sweep_run(sweep, &stage, deadline, &end, err) < 0 ||
        sweep_read(sweep_folder(sweep), stage.name, stage.round, &results, err) < 0)
        return -1;
    int rc = json_object_set_new(evidence, stage.name, found(stage.space, &results));
    sweep_results_release(&results);
    return rc < 0 ? error_set(err, ERROR_FAILED, NULL, "no memory for what a search has found") : 0;
}

int sweep_versus(struct sweep *sweep, const struct sweep_stage *stage, double deadline,
                 json_t **evidence, struct error *err)
{
    json_t *shares = NULL;
    *evidence = json_object();
    int rc = run(sweep, stage, SWEEP_RANDOM, deadline, *evidence, err);
    if (rc == 0)
        rc = run(sweep, stage, SWEEP_GRID, deadline, *evidence, err);
    if (rc == 0)
        rc = sweep_importance(sweep_folder(sweep), "random", stage->round, &shares, err);
    if (rc == 0 && json_object_set_new(*evidence, "importance", shares) < 0)
        rc = error_set(err, ERROR_FAILED, NULL, "no memory for what a search has found");
    if (rc < 0) {
        json_decref(*evidence);
        *evidence = NULL;
    }
    return rc;
}
