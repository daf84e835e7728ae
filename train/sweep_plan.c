#include "train/sweep_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "train/claim.h"

static const char *const searches[] = { [SWEEP_RANDOM] = "random", [SWEEP_GRID] = "grid", NULL };

int sweep_plan_until(const struct sweep_plan *plan, int rung)
{
    int64_t epochs = plan->eta > 0 ? plan->least : plan->epochs;
    for (int i = 0; i < rung && epochs < plan->epochs; i++)
        epochs *= plan->eta;
    return epochs < plan->epochs ? (int)epochs : plan->epochs;
}

int sweep_plan_rungs(const struct sweep_plan *plan)
{
    int rungs = 1;
    while (sweep_plan_until(plan, rungs - 1) < plan->epochs)
        rungs++;
    return rungs;
}

void sweep_plan_release(struct sweep_plan *plan)
{
    free(plan->stage);
    for (int i = 0; i < plan->sets; i++)
        free(plan->set[i]);
    space_release(&plan->space);
    *plan = (struct sweep_plan){ 0 };
}

static int refuse(const struct sweep_stage *stage, struct error *err, const char *what)
{
    return error_set(err, ERROR_USAGE, stage->name, "%s", what);
}

static int check(const struct sweep_stage *s, struct error *err)
{
    if (!s->name[0] || s->round < 1 || s->trials < 1 || s->trials > SWEEP_TRIALS || s->epochs < 1)
        return error_set(err, ERROR_USAGE, s->name,
                         "%d trials of %d epochs in round %d; must be 1..%d trials, 1 epoch or "
                         "more, round 1 or later",
                         s->trials, s->epochs, s->round, SWEEP_TRIALS);
    if (s->folds == 1 || s->folds < 0 || s->folds > SWEEP_FOLDS)
        return refuse(s, err, "folds must be 0, or 2..1000");
    if (s->eta == 1 || s->eta < 0 || s->eta > 1000)
        return refuse(s, err, "eta must be 0, or 2..1000");
    if (s->eta > 0 && (s->least < 1 || s->folds > 0))
        return refuse(s, err, "successive halving begins with 1 epoch or more, and without folds");
    return 0;
}

/* The plan that this process would make, but for its place among the others. */
static int make(struct sweep_plan *p, const struct sweep_stage *s, uint64_t seed, struct error *err)
{
    *p = (struct sweep_plan){ .round = s->round,
                              .seed = seed,
                              .search = s->search,
                              .asked = s->trials,
                              .trials = s->trials,
                              .epochs = s->epochs,
                              .folds = s->folds,
                              .eta = s->eta,
                              .least = s->least };
    if (check(s, err) < 0 || !(p->stage = memory_text(s->name, err)) ||
        space_copy(&p->space, s->space, err) < 0)
        return -1;
    if (s->search == SWEEP_GRID) {
        uint64_t size = space_grid_size(&p->space, (uint64_t)s->trials);
        if (size > (uint64_t)SWEEP_TRIALS)
            return refuse(s, err, "the choices alone make more trials than a sweep may have");
        p->trials = (int)size;
    }
    int64_t ids = (int64_t)p->trials * (p->folds > 0 ? p->folds : sweep_plan_rungs(p));
    if (ids > INT32_MAX / 64)
        return refuse(s, err, "has more trials, folds and rungs than can be numbered");
    p->ids = (int)ids;
    for (const char *const *set = s->set; set && *set; set++) {
        if (p->sets == SWEEP_SETS)
            return refuse(s, err, "sets too many keys");
        if (!(p->set[p->sets] = memory_text(*set, err)))
            return -1;
        p->sets++;
    }
    return 0;
}

static json_t *plan_json(const struct sweep_plan *p, struct error *err)
{
    json_t *space = space_json(&p->space, err), *sets = json_array();
    if (!space)
        return NULL;
    for (int i = 0; i < p->sets; i++)
        json_array_append_new(sets, json_string(p->set[i]));
    json_t *json =
        json_pack("{s:i, s:s, s:i, s:I, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o}",
                  "version", 1, "stage", p->stage, "round", p->round, "seed", (json_int_t)p->seed,
                  "search", searches[p->search], "first", p->first, "ids", p->ids, "trials",
                  p->trials, "asked", p->asked, "epochs", p->epochs, "folds", p->folds, "eta",
                  p->eta, "least", p->least, "set", sets, "space", space);
    if (!json)
        error_set(err, ERROR_FAILED, NULL, "no memory for the plan of a stage");
    return json;
}

static bool get_int(const json_t *json, const char *key, int low, int *value)
{
    const json_t *found = json_object_get(json, key);
    json_int_t x = json_integer_value(found);
    *value = (int)x;
    return json_is_integer(found) && x >= low && x <= INT32_MAX / 64;
}

static int parse_sets(struct sweep_plan *p, const json_t *sets, struct error *err)
{
    for (size_t i = 0; i < json_array_size(sets) && p->sets < SWEEP_SETS; i++) {
        const char *text = json_string_value(json_array_get(sets, i));
        if (!text || !(p->set[p->sets] = memory_text(text, err)))
            return -1;
        p->sets++;
    }
    return 0;
}

static int parse(struct sweep_plan *p, const json_t *json, const char *path, struct error *err)
{
    const char *stage = json_string_value(json_object_get(json, "stage"));
    const char *search = json_string_value(json_object_get(json, "search"));
    *p = (struct sweep_plan){ .seed = (uint64_t)json_integer_value(json_object_get(json, "seed")) };
    p->search = search && strcmp(search, searches[SWEEP_GRID]) == 0 ? SWEEP_GRID : SWEEP_RANDOM;
    bool fits = stage && get_int(json, "round", 1, &p->round) &&
                get_int(json, "first", 0, &p->first) && get_int(json, "ids", 1, &p->ids) &&
                get_int(json, "trials", 1, &p->trials) && get_int(json, "asked", 1, &p->asked) &&
                get_int(json, "epochs", 1, &p->epochs) && get_int(json, "folds", 0, &p->folds) &&
                get_int(json, "eta", 0, &p->eta) && get_int(json, "least", 0, &p->least) &&
                p->eta != 1 && (p->eta == 0 || p->least > 0);
    if (fits)
        fits = p->trials <= SWEEP_TRIALS && p->folds <= SWEEP_FOLDS &&
               (int64_t)p->trials * (p->folds > 0 ? p->folds : sweep_plan_rungs(p)) <= p->ids;
    if (!fits)
        return error_set(err, ERROR_DATA, path, "is not the plan of a stage");
    if (!(p->stage = memory_text(stage, err)) ||
        parse_sets(p, json_object_get(json, "set"), err) < 0)
        return -1;
    return space_parse(&p->space, json_object_get(json, "space"), err);
}

/* Plan `number` of the sweep: 1 there is one, 0 there is none. */
static int read_plan(struct sweep_plan *p, const char *stages, int number, struct error *err)
{
    char name[32];
    snprintf(name, sizeof(name), "%04d.json", number);
    char *path = file_join(stages, name, err);
    int rc = path ? 0 : -1;
    *p = (struct sweep_plan){ 0 };
    if (rc == 0 && file_exists(path)) {
        json_t *json = json_read(path, err);
        rc = json && parse(p, json, path, err) == 0 ? 1 : -1;
        json_decref(json);
    }
    if (rc < 0)
        sweep_plan_release(p);
    free(path);
    return rc;
}

/* Look through the plans from *number on: 1 found, into `p`; 0: *number and *first are those that
 * the next stage would have. */
static int look(struct sweep_plan *p, const char *stages, const char *stage, int round, int *number,
                int *first, struct error *err)
{
    int rc;
    while ((rc = read_plan(p, stages, *number, err)) == 1) {
        if (strcmp(p->stage, stage) == 0 && p->round == round)
            return 1;
        *first = p->first + p->ids;
        ++*number;
        sweep_plan_release(p);
    }
    return rc;
}

static int write_plan(const struct sweep_plan *p, const char *stages, int number, struct error *err)
{
    char name[32];
    bool won;
    snprintf(name, sizeof(name), "%04d.json", number);
    json_t *json = plan_json(p, err);
    int rc = json ? claim_write(stages, name, json, &won, err) : -1;
    json_decref(json);
    return rc;
}

int sweep_plan_take(struct sweep_plan *plan, const char *folder, const struct sweep_stage *stage,
                    uint64_t seed, struct error *err)
{
    struct sweep_plan own;
    int number = 1, rc;
    char *stages = file_join(folder, "stages", err);
    if (!stages)
        return -1;
    rc = make(&own, stage, seed, err);
    if (rc == 0)
        rc = file_make_folders(stages, err);
    /* Whoever is first with a number has it; the others find a plan there and look on. */
    while (rc == 0 &&
           (rc = look(plan, stages, own.stage, own.round, &number, &own.first, err)) == 0)
        rc = write_plan(&own, stages, number, err);
    sweep_plan_release(&own);
    free(stages);
    return rc < 0 ? -1 : 0;
}

int sweep_plan_find(struct sweep_plan *plan, const char *folder, const char *stage, int round,
                    struct error *err)
{
    int number = 1, first = 0;
    char *stages = file_join(folder, "stages", err);
    int rc = stages ? look(plan, stages, stage, round, &number, &first, err) : -1;
    free(stages);
    if (rc == 0)
        return error_set(err, ERROR_USAGE, folder, "the stage %s (round %d) was never begun here",
                         stage, round);
    return rc < 0 ? -1 : 0;
}
