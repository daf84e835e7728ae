/*
 * The recipe as a whole. Everything it decides by is in the folder (verdicts, results), so that
 * processes that share it, or the same one begun again, go the same way: a verdict that is there is
 * read, one that is not is found and recorded by whoever is first.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "train/claim.h"
#include "train/train_config.h"
#include "train/tune.h"
#include "train/tune_curves.h"
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

struct tuner {
    const struct tune_options *o;
    enum tune_step only; /* TUNE_ALL: everything */
    struct sweep *sweep; /* owned, as the two below */
    struct space space;  /* of the stage at hand */
    char *steps;         /* the folder of verdicts */
    int classes, trials; /* settings used so far */
    double deadline;     /* of clock_seconds(); 0: none */
    double low, high;    /* rates of step 3 */
    double best;         /* top-1 of the best setting so far; `run` and `params` are its */
    char run[32];
    json_t *params; /* owned */
    bool pass, ends;
};

/* Rates, decay and the schedule are what the search looks for. */
static bool mendable(enum fault fault)
{
    return fault == FAULT_NONE || fault == FAULT_RATE || fault == FAULT_DECAY ||
           fault == FAULT_SCHEDULE;
}

static void name_of(enum tune_step step, int number, char name[48])
{
    snprintf(name, 48, "%d-%s.json", number, tune_step_names[step]);
}

/* 1: it is recorded, and read into v. */
static int recall(const struct tuner *t, enum tune_step step, int number, struct verdict *v,
                  struct error *err)
{
    char name[48];
    name_of(step, number, name);
    char *path = file_join(t->steps, name, err);
    int rc = path ? 0 : -1;
    if (rc == 0 && file_exists(path))
        rc = verdict_read(v, path, err) < 0 ? -1 : 1;
    free(path);
    return rc;
}

static int record(const struct tuner *t, enum tune_step step, const struct verdict *v,
                  struct error *err)
{
    char name[48];
    bool won;
    name_of(step, v->number, name);
    json_t *json = verdict_json(v, err);
    int rc = json ? claim_write(t->steps, name, json, &won, err) : -1;
    json_decref(json);
    return rc;
}

static void announce(struct tuner *t, const struct verdict *v)
{
    if (t->o->verdict)
        t->o->verdict(t->o->context, v);
    t->pass &= v->pass || (t->only == TUNE_ALL && mendable(v->fault));
}

static bool goes_on(const struct tuner *t, const struct verdict *v)
{
    return v->pass || mendable(v->fault) || t->o->keep_going;
}

static void tell(const struct tuner *t, const char *line)
{
    if (t->o->tell)
        t->o->tell(t->o->context, line);
}

/* The trainings of a step leave their runs once: by who makes their folder. */
static bool makes_runs(const struct tuner *t, enum tune_step step, struct error *err)
{
    char name[48];
    snprintf(name, sizeof(name), "%d-%s", (int)step + 1, tune_step_names[step]);
    char *path = file_join(t->steps, name, err);
    bool made = path && mkdir(path, 0777) == 0;
    free(path);
    return made;
}

/* One of the first three steps. */
static int check(struct tuner *t, enum tune_step step, struct error *err)
{
    struct verdict v;
    struct tune_options own = *t->o;
    int rc = recall(t, step, (int)step + 1, &v, err);
    if (rc == 0) {
        if (step == TUNE_STEP_INIT || !makes_runs(t, step, err))
            own.folder = NULL;
        rc = tune_step(&own, step, &v, err);
        if (rc == 0) {
            v.number = (int)step + 1;
            rc = record(t, step, &v, err);
            if (rc < 0)
                verdict_release(&v);
        }
    }
    if (rc < 0)
        return -1;
    if (step == TUNE_STEP_LR) {
        t->low = json_number_value(json_object_get(v.evidence, "low"));
        t->high = json_number_value(json_object_get(v.evidence, "high"));
    }
    announce(t, &v);
    t->ends |= !goes_on(t, &v);
    verdict_release(&v);
    return 0;
}

/* The config's space; rates around those of step 3 and the usual decays where it has none. */
static int make_space(struct tuner *t, struct error *err)
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
        if (rc == 0 && complete)
            rc = record(t, step, &v, err);
        if (rc == 0 && (complete || results.count > 0)) {
            announce(t, &v);
            t->ends |= !goes_on(t, &v);
        }
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

/* A stage of the search. */
static int search(struct tuner *t, enum tune_step step, int round, int number, int epochs,
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
        .folds = coarse ? 0 : c->folds,
        .eta = coarse ? c->eta : 0,
        .least = coarse && c->eta ? 1 : 0,
    };
    if (c->trials > 0 && stage.trials > c->trials - t->trials)
        stage.trials = c->trials - t->trials;
    if (stage.trials <= 0 || (t->deadline > 0 && clock_seconds() >= t->deadline)) {
        tell(t, stage.trials <= 0 ? "as many trials as --trials allows" : "the time is up");
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
        tell(t, "the time is up; the same command goes on from here");
    t->ends |= !end.complete;
    return 0;
}

/* The curves of the best run so far. *improving: it would have gone on. */
static int look(struct tuner *t, int number, bool *improving, struct error *err)
{
    struct verdict v;
    struct curves c;
    char *path = file_join(t->o->folder, t->run, err);
    int rc = path ? curves_read(&c, path, err) : -1;
    free(path);
    if (rc < 0)
        return -1;
    rc = verdict_begin(&v, tune_step_names[TUNE_STEP_CURVES], err);
    if (rc == 0) {
        v.number = number;
        curves_judge(&c.facts, &v);
        verdict_run(&v, t->run);
        *improving = json_is_true(json_object_get(v.evidence, "improving"));
        rc = record(t, TUNE_STEP_CURVES, &v, err);
        if (rc == 0)
            announce(t, &v);
        verdict_release(&v);
    }
    curves_release(&c);
    return rc;
}

/* Steps 5 and 6, again and again; longer where the curves say that there is more to gain. */
static int refine(struct tuner *t, struct error *err)
{
    const struct tune_config *c = t->o->tune;
    int epochs = c->refine_epochs, rounds = t->only == TUNE_ALL ? c->rounds : 1;
    for (int round = 1; round <= rounds && !t->ends; round++) {
        bool improving = false;
        int number = 3 + 2 * round;
        if (search(t, TUNE_STEP_REFINE, round, number, epochs, err) < 0)
            return -1;
        if (t->only == TUNE_ALL && t->params && look(t, number + 1, &improving, err) < 0)
            return -1;
        epochs += improving ? epochs / 2 : 0;
    }
    return 0;
}

/* The config of the best trial, in which nothing is relative to a file's folder, to train with. */
static int write_best(const struct tuner *t, struct error *err)
{
    struct config *config = NULL;
    char line[512], params[300];
    char *from = file_join(t->o->folder, t->run, err), *path = NULL, *own = NULL;
    int rc = from && (own = file_join(from, "config.json", err)) &&
                     (path = file_join(t->o->folder, "best.json", err))
                 ? config_open(&config, own, err)
                 : -1;
    if (rc == 0 &&
        (config_set(config, "train.out=~", err) < 0 || space_apply(config, t->params, err) < 0))
        rc = -1;
    json_t *json = rc == 0 ? node_json(config_root(config), err) : NULL;
    rc = json ? json_write(path, json, err) : -1;
    json_decref(json);
    config_close(config);
    stage_params_text(t->params, params, sizeof(params));
    snprintf(line, sizeof(line), "best: %.2f %% with %s (%s); %.100s is its config", 100 * t->best,
             params, t->run, path ? path : "");
    if (rc == 0)
        tell(t, line);
    free(own);
    free(path);
    free(from);
    return rc;
}

/* Whoever searches needs something to rank by. */
static int check_validation(const struct tune_options *o, struct error *err)
{
    const struct node *data = node_get(config_root(o->config), "data");
    if (o->val || !node_is_null(node_get(data, "val")) || o->tune->folds > 1)
        return 0;
    return error_set(err, ERROR_USAGE, "data.val",
                     "settings are compared by validation: give --val, data.val or tune.folds");
}

static int open_tuner(struct tuner *t, struct error *err)
{
    const struct tune_options *o = t->o;
    const struct sweep_options sweep = {
        .config = o->config,
        .folder = o->folder,
        .data = o->data,
        .val = o->val,
        .daemon = o->daemon,
        .seed = o->tune->seed,
        .quiet = true,
        .stop = o->stop,
        .tell = o->tell,
        .warn = o->warn,
        .context = o->context,
    };
    struct net *net;
    if (t->only >= TUNE_STEP_COARSE && check_validation(o, err) < 0)
        return -1;
    if (make_space(t, err) < 0) /* refused before anything is done */
        return -1;
    space_release(&t->space);
    if (train_config_net(&net, o->config, err) < 0)
        return -1;
    t->classes = net_classes(net);
    net_close(net);
    t->deadline = o->tune->budget > 0 ? clock_seconds() + o->tune->budget : 0;
    t->steps = file_join(o->folder, "steps", err);
    if (!t->steps || sweep_open(&t->sweep, &sweep, err) < 0)
        return -1;
    return file_make_folders(t->steps, err);
}

/* Does this call come to `step`? */
static bool wanted(const struct tuner *t, enum tune_step step)
{
    return !t->ends && (t->only == TUNE_ALL || t->only == step);
}

static int run(struct tuner *t, struct error *err)
{
    bool ranges = t->only > TUNE_STEP_LR && node_is_null(node_get(t->o->tune->space, "train.lr"));
    for (int step = TUNE_STEP_INIT; step <= TUNE_STEP_LR; step++)
        if ((wanted(t, (enum tune_step)step) || (step == TUNE_STEP_LR && ranges && !t->ends)) &&
            check(t, (enum tune_step)step, err) < 0)
            return -1;
    if (t->ends || t->only <= TUNE_STEP_LR)
        return 0;
    if (make_space(t, err) < 0 ||
        search(t, TUNE_STEP_COARSE, 1, 4, t->o->tune->coarse_epochs, err) < 0)
        return -1;
    if (t->only >= TUNE_STEP_REFINE && refine(t, err) < 0)
        return -1;
    return t->params ? write_best(t, err) : 0;
}

int tune_run(const struct tune_options *o, enum tune_step step, bool *pass, struct error *err)
{
    struct tuner t = { .o = o, .only = step, .pass = true };
    int rc = open_tuner(&t, err);
    if (rc == 0)
        rc = run(&t, err);
    *pass = t.pass;
    json_decref(t.params);
    free(t.steps);
    space_release(&t.space);
    sweep_close(t.sweep);
    return rc;
}
