/*
 * The stages of the search: which settings are tried, what they say, and where the next round
 * looks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/progress.h"
#include "train/sweep_versus.h"
#include "train/tune_private.h"
#include "train/tune_stage.h"

/* A range for rates where step 3 has none and one goes on all the same. */
static const double RATE_LOW = 1e-4, RATE_HIGH = 0.3;
static const double SHRINK = 0.4; /* of the ranges from round to round */

/* Trials are judged by what they learn at one rate. */
static const char *const constant_rate[] = {
    "train.schedule=constant", "train.warmup=0",
    "train.milestones=~",      "train.min_lr=0",
    "train.cycle_momentum=~",  "train.early_stop=0",
    "train.swa_start=0",       "train.validate_every=1",
    "train.log_every=10",      NULL,
};

int tuner_space(struct tuner *t, struct error *err)
{
    struct space *s = &t->space;
    if (space_read(s, t->o->tune->space, t->o->config, err) < 0)
        return -1;
    if (!space_find(s, "train.lr") &&
        space_set(s, "train.lr", SPACE_LOG_UNIFORM, t->low > 0 ? t->low : RATE_LOW,
                  t->high > 0 ? t->high : RATE_HIGH, err) < 0)
        return -1;
    if (space_find(s, "train.weight_decay"))
        return 0;
    return space_set_choices(s, "train.weight_decay", json_pack("[f, f, i]", 1e-4, 1e-5, 0), err);
}

/* Who holds the record. */
static void keep_best(struct tuner *t, const struct sweep_setting *s)
{
    if (t->params && s->top1 <= t->best)
        return;
    json_decref(t->params);
    t->params = json_deep_copy(s->params);
    t->best = s->top1;
    snprintf(t->run, sizeof(t->run), "%s", s->run);
}

/* The ranges of the next round: around the best few of this one. */
static int narrow(struct tuner *t, const struct sweep_setting *settings, size_t count,
                  struct error *err)
{
    json_t *best[64];
    size_t n = (size_t)t->o->tune->keep;
    struct space next = { 0 };
    n = n < count ? n : count;
    n = n < 64 ? n : 64;
    for (size_t i = 0; i < n; i++)
        best[i] = (json_t *)settings[i].params;
    if (n == 0)
        return 0;
    if (space_narrow(&next, &t->space, best, n, SHRINK, err) < 0)
        return -1;
    space_release(&t->space);
    t->space = next;
    return 0;
}

/* What a stage has found: judged, recorded where it is complete, and drawn conclusions from. */
static int conclude(struct tuner *t, enum tune_step step, int round, int number, bool complete,
                    double seconds, struct error *err)
{
    struct sweep_results results;
    struct sweep_setting *settings = NULL;
    size_t count;
    struct verdict v;
    json_t *shares;
    if (sweep_read(t->o->folder, tune_step_names[step], round, &results, err) < 0)
        return -1;
    const struct stage_facts facts = {
        .results = &results, .space = &t->space, .classes = t->classes, .before = t->best
    };
    int rc = verdict_begin(&v, tune_step_names[step], err);
    if (rc == 0) {
        v.number = number;
        v.seconds = seconds;
        rc = stage_judge(&facts, &v, err);
        t->fruitless = complete && !v.pass;
        if (rc == 0)
            rc = sweep_importance(t->o->folder, tune_step_names[step], round, &shares, err);
        if (rc == 0)
            verdict_evidence(&v, "importance", shares);
        if (rc == 0 && complete)
            rc = tuner_record(t, &v, err);
        if (rc == 0 && (complete || results.count > 0))
            tuner_announce(t, &v, true);
        verdict_release(&v);
    }
    if (rc == 0 && (rc = sweep_rank(&results, &settings, &count, err)) == 0) {
        if (count > 0)
            keep_best(t, &settings[0]);
        rc = narrow(t, settings, count, err);
    }
    free(settings);
    sweep_results_release(&results);
    return rc;
}

int tuner_search(struct tuner *t, enum tune_step step, int round, int number, int epochs,
                 struct error *err)
{
    const struct tune_config *c = t->o->tune;
    bool coarse = step == TUNE_STEP_COARSE;
    struct sweep_stage stage = {
        .name = tune_step_names[step],
        .round = round,
        .search = coarse && c->grid ? SWEEP_GRID : SWEEP_RANDOM,
        .space = &t->space,
        .trials = coarse ? c->coarse_trials : c->refine_trials,
        .epochs = epochs,
        .set = constant_rate,
        .folds = coarse && t->validates ? 0 : c->folds,
        .eta = coarse ? c->eta : 0,
        .least = coarse && c->eta ? 1 : 0,
    };
    if (c->trials > 0 && stage.trials > c->trials - t->trials)
        stage.trials = c->trials - t->trials;
    if (stage.trials <= 0 || (t->deadline > 0 && clock_seconds() >= t->deadline)) {
        tuner_tell(t, stage.trials <= 0 ? "as many trials as --trials allows" : "the time is up");
        t->ends = true;
        return 0;
    }
    t->trials += stage.trials;
    struct sweep_end end;
    double begun = clock_seconds();
    if (sweep_run(t->sweep, &stage, t->deadline, &end, err) < 0 ||
        conclude(t, step, round, number, end.complete, clock_seconds() - begun, err) < 0)
        return -1;
    if (!end.complete)
        tuner_tell(t, "the time is up; the same command goes on from here");
    t->ends |= !end.complete;
    return 0;
}

int tuner_versus(struct tuner *t, int number, struct error *err)
{
    const struct tune_config *c = t->o->tune;
    const struct sweep_stage stage = {
        .name = "versus",
        .round = 1,
        .space = &t->space,
        .trials = c->coarse_trials,
        .epochs = c->coarse_epochs,
        .set = constant_rate,
        .folds = t->validates ? 0 : c->folds,
    };
    struct verdict v;
    json_t *evidence;
    double begun = clock_seconds();
    if (sweep_versus(t->sweep, &stage, t->deadline, &evidence, err) < 0)
        return -1;
    int rc = verdict_begin(&v, tune_step_names[TUNE_STEP_VERSUS], err);
    if (rc == 0) {
        v.number = number;
        versus_judge(evidence, &v);
        v.seconds = clock_seconds() - begun;
        json_object_update(v.evidence, evidence);
        if (v.pass)
            rc = tuner_record(t, &v, err);
        if (rc == 0)
            tuner_announce(t, &v, true);
        verdict_release(&v);
    }
    json_decref(evidence);
    return rc;
}
