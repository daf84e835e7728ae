/*
 * The recipe as a whole. Everything it decides by is in the folder (verdicts, results), so that
 * processes that share it, or the same one begun again, go the same way: a verdict that is there is
 * read, one that is not is found and recorded by whoever is first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "train/train_config.h"
#include "train/tune_curves.h"
#include "train/tune_private.h"
#include "train/tune_stage.h"

enum { COARSE_NUMBER = 4 }; /* of the verdict; refine and curves follow, round by round */

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
    int rc = tuner_recall(t, step, (int)step + 1, &v, err);
    if (rc == 0) {
        if (step == TUNE_STEP_INIT || !makes_runs(t, step, err))
            own.folder = NULL;
        rc = tune_step(&own, step, &v, err);
        if (rc == 0) {
            v.number = (int)step + 1;
            rc = tuner_record(t, &v, err);
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
    tuner_announce(t, &v, true);
    verdict_release(&v);
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
        rc = tuner_record(t, &v, err);
        if (rc == 0)
            tuner_announce(t, &v, false);
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
        if (tuner_search(t, TUNE_STEP_REFINE, round, number, epochs, err) < 0)
            return -1;
        /* Of a round that time has cut off nothing is recorded: its best may still come. */
        if (t->only == TUNE_ALL && t->params && !t->ends &&
            look(t, number + 1, &improving, err) < 0)
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
        tuner_tell(t, line);
    free(own);
    free(path);
    free(from);
    return rc;
}

/* Whoever searches needs something to rank by. */
static int check_validation(struct tuner *t, struct error *err)
{
    const struct node *data = node_get(config_root(t->o->config), "data");
    t->validates = t->o->val || !node_is_null(node_get(data, "val"));
    if (t->only <= TUNE_STEP_LR || t->validates || t->o->tune->folds > 1)
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
    if (check_validation(t, err) < 0 || tuner_space(t, err) < 0) /* before anything is done */
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
    if (tuner_space(t, err) < 0)
        return -1;
    if (t->only == TUNE_STEP_VERSUS)
        return tuner_versus(t, COARSE_NUMBER, err);
    if (tuner_search(t, TUNE_STEP_COARSE, 1, COARSE_NUMBER, t->o->tune->coarse_epochs, err) < 0)
        return -1;
    if (t->only != TUNE_STEP_COARSE && refine(t, err) < 0)
        return -1;
    return t->params ? write_best(t, err) : 0;
}

int tune_run(const struct tune_options *o, enum tune_step step, bool *pass, struct error *err)
{
    struct tuner t = { .o = o, .only = step, .pass = true };
    int rc = open_tuner(&t, err);
    if (rc == 0)
        rc = run(&t, err);
    *pass = t.pass && !(step == TUNE_ALL && t.fruitless);
    json_decref(t.params);
    free(t.steps);
    space_release(&t.space);
    sweep_close(t.sweep);
    return rc;
}
