#include "train/trial.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "train/claim.h"
#include "train/run_folder.h"
#include "train/trainer.h"
#include "train/trial_record.h"

/* A trial at work: what its training asks and tells comes here. */
struct work {
    const struct trial *trial;
    const struct trial_place *place;
    const char *folder;
    int attempt;
    bool overtaken;
};

char *trial_folder(const char *sweep, int id, struct error *err)
{
    char name[32];
    snprintf(name, sizeof(name), "trials/%04d", id);
    return file_join(sweep, name, err);
}

static int set_integer(struct config *config, const char *key, int value, struct error *err)
{
    char text[64];
    snprintf(text, sizeof(text), "%s=%d", key, value);
    return config_set(config, text, err);
}

/* The sweep's config with the stage's and the trial's own values. */
static int make_config(struct config **result, const struct trial *trial,
                       const struct trial_place *place, struct error *err)
{
    const struct sweep_plan *plan = place->plan;
    struct config *config;
    if (config_derive(&config, place->options->config, err) < 0)
        return -1;
    int rc = set_integer(config, "train.epochs", plan->epochs, err);
    for (int i = 0; i < plan->sets && rc == 0; i++)
        rc = config_set(config, plan->set[i], err);
    if (rc == 0 && trial->params)
        rc = space_apply(config, trial->params, err);
    if (rc == 0 && plan->folds > 0)
        rc = set_integer(config, "data.folds", plan->folds, err);
    if (rc == 0 && plan->folds > 0)
        rc = set_integer(config, "data.fold", trial->fold, err);
    if (rc < 0) {
        config_close(config);
        return -1;
    }
    *result = config;
    return 0;
}

/* What the trial consists of, for readers; the same whoever writes it. */
static int write_about(const struct work *w, struct error *err)
{
    const struct trial *t = w->trial;
    const struct sweep_plan *p = w->place->plan;
    bool won;
    json_t *json = json_pack("{s:i, s:i, s:s, s:i, s:O, s:I, s:i, s:i, s:i}", "version", 1, "id",
                             t->id, "stage", p->stage, "round", p->round, "params", t->params,
                             "seed", (json_int_t)p->seed, "epochs", sweep_plan_until(p, t->rung),
                             "setting", t->setting, "rung", t->rung);
    if (json && p->folds > 0)
        json_object_set_new(json, "fold", json_integer(t->fold));
    if (json && t->from >= 0)
        json_object_set_new(json, "from", json_integer(t->from));
    int rc = claim_write(w->folder, "trial.json", json, &won, err);
    json_decref(json);
    return rc;
}

/* Take a file of the run that this one begins with: files of runs are replaced and never changed,
 * so that another name for the same bytes will do. */
static int take_file(const char *from, const char *to, const char *name, struct error *err)
{
    char *old = file_join(from, name, err), *new = file_join(to, name, err);
    int rc = old && new ? 0 : -1;
    if (rc == 0 && link(old, new) < 0 && errno != EEXIST && errno != ENOENT)
        rc = error_errno(err, new, "cannot be linked to %s", old);
    free(new);
    free(old);
    return rc;
}

/* A log is appended to: a copy. */
static int copy_log(const char *from, const char *to, struct error *err)
{
    struct buffer text = { 0 };
    char *old = file_join(from, "log.jsonl", err), *new = file_join(to, "log.jsonl", err);
    int rc = old && new ? 0 : -1;
    if (rc == 0)
        rc = file_read(old, FILE_LIMIT, &text, err);
    if (rc == 0)
        rc = file_write(new, text.data, text.size, err);
    buffer_release(&text);
    free(new);
    free(old);
    return rc;
}

/* The checkpoint comes last: where it is, the rest is, too. A run that could not save any is begun
 * again. */
static int take_over(const struct work *w, struct error *err)
{
    if (w->trial->from < 0)
        return 0;
    char *from = trial_folder(w->place->options->folder, w->trial->from, err);
    char *theirs = from ? file_join(from, RUN_CHECKPOINT, err) : NULL;
    char *mine = file_join(w->folder, RUN_CHECKPOINT, err);
    int rc = theirs && mine ? 0 : -1;
    if (rc == 0 && file_exists(theirs) && !file_exists(mine) &&
        (copy_log(from, w->folder, err) < 0 ||
         take_file(from, w->folder, "best.safetensors", err) < 0 ||
         take_file(from, w->folder, RUN_CHECKPOINT, err) < 0))
        rc = -1;
    free(mine);
    free(theirs);
    free(from);
    return rc;
}

static int may_write(void *context, struct error *err)
{
    struct work *w = context;
    if (!w->overtaken)
        w->overtaken = !claim_held(w->folder, w->attempt);
    return w->overtaken ? error_set(err, ERROR_FAILED, w->folder,
                                    "attempt %d was overtaken by another process", w->attempt)
                        : 0;
}

static void warn(void *context, const char *place, const char *text)
{
    const struct sweep_options *o = ((const struct work *)context)->place->options;
    if (o->warn)
        o->warn(o->context, place, text);
}

static struct train_request request_of(const struct trial_place *place, const struct config *config,
                                       const char *out)
{
    const struct sweep_options *o = place->options;
    return (struct train_request){
        .config = config,
        .data = o->data,
        .val = place->plan->folds > 0 ? NULL : o->val,
        .out = out,
        .daemon = o->daemon,
        .quiet = o->quiet,
    };
}

int trial_check(const struct trial_place *place, struct error *err)
{
    const struct trial nothing = { .from = -1 };
    struct config *config;
    if (make_config(&config, &nothing, place, err) < 0)
        return -1;
    struct train_request request = request_of(place, config, "none");
    int rc = train_check(&request, err);
    config_close(config);
    return rc;
}

/* Is there a run to go on with? Whatever else lies there without a checkpoint is of no use. */
static int is_begun(const struct work *w, bool *begun, struct error *err)
{
    char *checkpoint = file_join(w->folder, RUN_CHECKPOINT, err);
    *begun = checkpoint && file_exists(checkpoint);
    free(checkpoint);
    return checkpoint ? 0 : -1;
}

/* The training, and what it ended with; *ended: with a result. A run that has begun is not refused
 * for its values. */
static int train(struct work *w, const volatile sig_atomic_t *stop, struct sweep_result *r,
                 bool *ended, struct error *err)
{
    struct train_result trained = { 0 };
    struct config *config = NULL;
    bool begun = false;
    if (is_begun(w, &begun, err) < 0)
        return -1;
    int rc = make_config(&config, w->trial, w->place, err);
    if (rc == 0) {
        struct train_request request = request_of(w->place, config, w->folder);
        request.resume = begun;
        request.overwrite = !begun;
        request.until = sweep_plan_until(w->place->plan, w->trial->rung);
        request.stop = stop;
        request.warn = warn;
        request.may_write = may_write;
        request.context = w;
        rc = train_run(&request, &trained, err);
    }
    config_close(config);
    *ended = rc == 0 || trained.diverged || (!begun && err->kind == ERROR_USAGE);
    if (*ended)
        return trial_record_make(r, w->folder, &trained, rc, err);
    return rc;
}

/* Under the heart's protection. */
static int work(struct work *w, struct heart *heart, enum trial_end *end, struct error *err)
{
    struct sweep_result result = { .attempt = w->attempt };
    bool ended = false, won = true;
    int rc = write_about(w, err);
    if (rc == 0)
        rc = may_write(w, err);
    if (rc == 0)
        rc = take_over(w, err);
    if (rc == 0)
        rc = train(w, heart_stop(heart), &result, &ended, err);
    if (rc == 0 && ended && may_write(w, err) == 0)
        rc = trial_record_write(w->trial, w->folder, &result, &won, err);
    trial_result_release(&result);
    *end = TRIAL_RECORDED;
    if (w->overtaken || !won) {
        *end = TRIAL_OVERTAKEN;
        return 0;
    }
    if (rc < 0 && interrupt_asked(heart_stop(heart)) &&
        (err->kind == ERROR_REQUEUE || err->kind == ERROR_INTERRUPTED)) {
        *end = TRIAL_LEFT;
        return 0;
    }
    return rc;
}

int trial_work(const struct trial *trial, const struct trial_place *place, int attempt,
               enum trial_end *end, struct error *err)
{
    const struct heart_options options = { .beat = place->beat,
                                           .deadline = place->deadline,
                                           .stop = place->options->stop };
    struct heart *heart;
    char *folder = trial_folder(place->options->folder, trial->id, err);
    struct work w = { .trial = trial, .place = place, .folder = folder, .attempt = attempt };
    int rc = folder ? heart_open(&heart, folder, attempt, &options, err) : -1;
    if (rc == 0) {
        rc = work(&w, heart, end, err);
        heart_close(heart, rc < 0 || *end == TRIAL_LEFT);
    }
    free(folder);
    return rc;
}
