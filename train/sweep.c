/*
 * A worker's life: look what results there are, take the first trial that nobody works on, or whose
 * worker is dead, run it, look again. Nothing is kept but in the folder, and nothing is locked: two
 * workers that want the same trial ask the file system who was first.
 */
#include "train/sweep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "train/config_change.h"
#include "train/sweep_jobs.h"

static const double BEAT = 5, PATIENCE = 60; /* seconds; a pause of the file server is shorter */

struct sweep {
    struct sweep_options options;
    double beat, patience;
};

/* A stage at work. */
struct worker {
    const struct sweep *sweep;
    struct sweep_jobs jobs;
    struct trial_place place;
    int ran;
};

/* Keys in which processes of one sweep may differ: where things lie, and how they are done. */
static const char *const free_keys[] = {
    "train.threads",   "data.threads", "train.out",
    "data.train",      "data.val",     "data.cache",
    "data.slots",      "data.ledger",  "data.cache_memory",
    "data.read_ahead", "tune.trials",  "tune.rounds",
    "tune.budget",     NULL,
};

/* The config as JSON, with the data that options name in its place. */
static json_t *config_json(const struct sweep_options *o, struct error *err)
{
    const char *const names[] = { "train", "val" }, *const paths[] = { o->data, o->val };
    json_t *json = node_json(config_root(o->config), err);
    json_t *data = json ? json_object_get(json, "data") : NULL;
    if (json && !json_is_object(data)) {
        data = json_object();
        json_object_set_new(json, "data", data);
    }
    for (int i = 0; i < 2 && json; i++)
        if (paths[i] && json_object_set_new(data, names[i], json_bytes(paths[i])) < 0) {
            error_set(err, ERROR_FAILED, NULL, "no memory for the config as JSON");
            json_decref(json);
            json = NULL;
        }
    return json;
}

/* config.json is ours now, or says what the sweep was begun with. */
static int join(const struct sweep_options *o, struct error *err)
{
    bool won = false;
    struct buffer text = { 0 };
    json_t *mine = config_json(o, err), *begun = NULL;
    char *path = file_join(o->folder, "config.json", err);
    char *trials = file_join(o->folder, "trials", err);
    int rc = mine && path && trials ? file_make_folders(trials, err) : -1;
    if (rc == 0 && !file_exists(path))
        rc = claim_write(o->folder, "config.json", mine, &won, err);
    if (rc == 0 && !won)
        rc = (begun = json_read(path, err)) ? 0 : -1;
    if (begun && (rc = config_changes(begun, mine, free_keys, &text, err)) > 0)
        rc = error_set(err, ERROR_USAGE, o->folder,
                       "this sweep was begun with another config: %s; give another folder, or the "
                       "config that it was begun with",
                       text.data);
    buffer_release(&text);
    json_decref(begun);
    json_decref(mine);
    free(trials);
    free(path);
    return rc;
}

int sweep_open(struct sweep **result, const struct sweep_options *options, struct error *err)
{
    struct sweep *sweep = memory_array(1, sizeof(*sweep), err);
    if (!sweep)
        return -1;
    sweep->options = *options;
    sweep->beat = options->beat > 0 ? options->beat : BEAT;
    sweep->patience = options->patience > 0 ? options->patience : PATIENCE;
    if (join(options, err) < 0) {
        free(sweep);
        return -1;
    }
    *result = sweep;
    return 0;
}

const char *sweep_folder(const struct sweep *sweep)
{
    return sweep->options.folder;
}

void sweep_close(struct sweep *sweep)
{
    free(sweep);
}

static void tell(const struct sweep *sweep, const char *line)
{
    if (sweep->options.tell)
        sweep->options.tell(sweep->options.context, line);
}

/* Is the worker of the job's last attempt dead? Not if it has finished, and only that is not seen
 * yet. */
static bool is_abandoned(const struct worker *w, struct sweep_job *job, const char *folder)
{
    if (!pulse_dead(&job->pulse, folder, job->attempt, w->sweep->patience))
        return false;
    struct error ignored = { 0 };
    char *result = file_join(folder, "result.json", &ignored);
    claim_look(folder);
    bool finished = result && file_exists(result);
    free(result);
    return !finished;
}

/* May this process run the job? Then its attempt is its own. */
static int take(struct worker *w, struct sweep_job *job, bool *won, struct error *err)
{
    char *folder = trial_folder(w->sweep->options.folder, job->trial.id, err);
    int rc = folder ? 0 : -1;
    *won = false;
    if (rc == 0)
        job->attempt = claim_last(folder, job->attempt < 0 ? 0 : job->attempt);
    bool first = job->attempt < 0;
    if (rc == 0 && (first || is_abandoned(w, job, folder))) {
        rc = first ? file_make_folders(folder, err) : 0;
        if (rc == 0)
            rc = claim_take(folder, job->attempt + 1, won, err);
        job->attempt += rc == 0;
    }
    free(folder);
    return rc;
}

static void tell_result(const struct worker *w, const struct sweep_job *job)
{
    const struct sweep_result *r = &job->result;
    char line[512], *params = json_dumps(r->params, JSON_REAL_PRECISION(6));
    const char *state = r->state == SWEEP_DONE ? "" : sweep_state_names[r->state];
    snprintf(line, sizeof(line), "%s %d: trial %d  %.300s  top-1 %5.2f %%%s%s  (%d epochs, %.1f s)",
             w->jobs.plan->stage, w->jobs.plan->round, r->id, params ? params : "",
             100 * r->best_top1, state[0] ? ", " : "", state, r->epochs, r->seconds);
    free(params);
    tell(w->sweep, line);
}

static int run_job(struct worker *w, struct sweep_job *job, struct error *err)
{
    enum trial_end end;
    if (job->attempt > 0) {
        char line[96];
        snprintf(line, sizeof(line), "trial %d: goes on here as attempt %d", job->trial.id,
                 job->attempt);
        tell(w->sweep, line);
    }
    if (trial_work(&job->trial, &w->place, job->attempt, &end, err) < 0)
        return -1;
    if (end != TRIAL_RECORDED)
        return 0;
    w->ran++;
    int found = trial_result(&job->trial, w->sweep->options.folder, &job->result, err);
    job->done = found == 1;
    w->jobs.done += job->done;
    if (job->done)
        tell_result(w, job);
    return found < 0 ? -1 : 0;
}

/* Of higher rungs first: what is promising is to become known soon. */
static int run_next(struct worker *w, bool *found, struct error *err)
{
    *found = false;
    for (int rung = sweep_plan_rungs(w->jobs.plan) - 1; rung >= 0; rung--)
        for (size_t i = 0; i < w->jobs.count; i++) {
            struct sweep_job *job = &w->jobs.job[i];
            if (job->done || job->trial.rung != rung)
                continue;
            if (take(w, job, found, err) < 0)
                return -1;
            if (*found)
                return run_job(w, job, err);
        }
    return 0;
}

/* Others have all that is left. */
static void wait_for_others(const struct sweep *sweep)
{
    double seconds = sweep->beat < sweep->patience / 8 ? sweep->beat : sweep->patience / 8;
    struct timespec pause = { .tv_sec = (time_t)seconds };
    pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
    (void)nanosleep(&pause, NULL); /* a signal may end it sooner, and is seen */
}

static int work(struct worker *w, double deadline, bool *complete, struct error *err)
{
    const struct sweep_options *o = &w->sweep->options;
    for (;;) {
        bool found;
        if (sweep_jobs_look(&w->jobs, err) < 0)
            return -1;
        *complete = w->jobs.done == w->jobs.count;
        if (*complete || (deadline > 0 && clock_seconds() >= deadline))
            return 0;
        if (interrupt_asked(o->stop))
            return interrupt_error(interrupt_asked(o->stop), true, err, o->folder,
                                   "interrupted with %zu of %zu trials of %s done; run it again to "
                                   "go on",
                                   w->jobs.done, w->jobs.count, w->jobs.plan->stage);
        if (run_next(w, &found, err) < 0)
            return -1;
        if (!found)
            wait_for_others(w->sweep);
    }
}

int sweep_run(struct sweep *sweep, const struct sweep_stage *stage, double deadline,
              struct sweep_end *end, struct error *err)
{
    struct sweep_plan plan;
    struct worker w = { .sweep = sweep };
    *end = (struct sweep_end){ 0 };
    if (sweep_plan_take(&plan, sweep->options.folder, stage, sweep->options.seed, err) < 0)
        return -1;
    w.place = (struct trial_place){
        .options = &sweep->options, .plan = &plan, .beat = sweep->beat, .deadline = deadline
    };
    int rc = trial_check(&w.place, err);
    if (rc == 0 && (rc = sweep_jobs_open(&w.jobs, &plan, sweep->options.folder, err)) == 0) {
        rc = work(&w, deadline, &end->complete, err);
        end->trials = (int)w.jobs.count;
        end->done = (int)w.jobs.done;
        end->ran = w.ran;
        sweep_jobs_close(&w.jobs);
    }
    sweep_plan_release(&plan);
    return rc;
}
