#include "train/sweep_jobs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Whose result is the better one; of equals the earlier. */
static bool beats(const double *score, size_t a, size_t b)
{
    double x = isnan(score[a]) ? -INFINITY : score[a], y = isnan(score[b]) ? -INFINITY : score[b];
    return x > y || (x == y && a < b);
}

int sweep_promote(const double *score, size_t n, int eta, size_t *promoted, size_t *count,
                  struct error *err)
{
    size_t *order = memory_array(n, sizeof(*order), err); /* of the results so far, best first */
    bool *gone = memory_array(n, sizeof(*gone), err);
    *count = 0;
    for (size_t i = 0; order && gone && i < n; i++) {
        size_t at = i;
        for (; at > 0 && beats(score, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
        for (size_t j = 0; j < (i + 1) / (size_t)eta; j++) {
            if (gone[order[j]] || isnan(score[order[j]]))
                continue;
            gone[order[j]] = true;
            promoted[(*count)++] = order[j];
        }
    }
    int rc = order && gone ? 0 : -1;
    free(gone);
    free(order);
    return rc;
}

static int add_job(struct sweep_jobs *jobs, struct trial trial, struct error *err)
{
    void *list = jobs->job;
    if (!trial.params ||
        memory_grow(&list, &jobs->capacity, jobs->count + 1, sizeof(*jobs->job), err) < 0) {
        json_decref(trial.params);
        return -1;
    }
    jobs->job = list;
    jobs->job[jobs->count++] = (struct sweep_job){ .trial = trial, .attempt = -1 };
    return 0;
}

static json_t *setting_params(const struct sweep_plan *p, int setting, struct error *err)
{
    return p->search == SWEEP_GRID
               ? space_grid(&p->space, (uint64_t)p->asked, (uint64_t)setting, err)
               : space_draw(&p->space, p->seed, p->stage, p->round, (uint64_t)setting, err);
}

int sweep_jobs_open(struct sweep_jobs *jobs, const struct sweep_plan *plan, const char *folder,
                    struct error *err)
{
    int folds = plan->folds > 0 ? plan->folds : 1;
    *jobs = (struct sweep_jobs){ .plan = plan, .folder = folder };
    for (int setting = 0; setting < plan->trials; setting++)
        for (int fold = 0; fold < folds; fold++) {
            const struct trial trial = { .id = plan->first + setting * folds + fold,
                                         .setting = setting,
                                         .fold = fold,
                                         .from = -1,
                                         .params = setting_params(plan, setting, err) };
            if (add_job(jobs, trial, err) < 0) {
                sweep_jobs_close(jobs);
                return -1;
            }
        }
    return 0;
}

void sweep_jobs_close(struct sweep_jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++) {
        json_decref(jobs->job[i].trial.params);
        if (jobs->job[i].done)
            trial_result_release(&jobs->job[i].result);
    }
    free(jobs->job);
    *jobs = (struct sweep_jobs){ 0 };
}

/* The trials of the next rung that follow from the results of `rung`, if they are not there yet. */
static int extend_rung(struct sweep_jobs *jobs, int rung, struct error *err)
{
    size_t n = 0, next = 0, count = 0;
    double *score = memory_array(jobs->count, sizeof(*score), err);
    size_t *place = memory_array(jobs->count, sizeof(*place), err);
    size_t *promoted = memory_array(jobs->count, sizeof(*promoted), err);
    bool known = true; /* all results of the rung so far */
    int rc = score && place && promoted ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < jobs->count; i++) {
        const struct sweep_job *job = &jobs->job[i];
        next += job->trial.rung == rung + 1;
        if (job->trial.rung != rung)
            continue;
        known = known && job->done;
        if (!known)
            continue;
        bool fit = job->result.state == SWEEP_DONE || job->result.state == SWEEP_EARLY;
        score[n] = fit ? job->result.best_top1 : NAN;
        place[n++] = i;
    }
    if (rc == 0)
        rc = sweep_promote(score, n, jobs->plan->eta, promoted, &count, err);
    for (size_t i = next; rc == 0 && i < count; i++) {
        const struct trial *below = &jobs->job[place[promoted[i]]].trial;
        const struct trial trial = { .id = below->id + jobs->plan->trials,
                                     .setting = below->setting,
                                     .rung = rung + 1,
                                     .from = below->id,
                                     .params = json_incref(below->params) };
        rc = add_job(jobs, trial, err);
    }
    free(promoted);
    free(place);
    free(score);
    return rc;
}

int sweep_jobs_look(struct sweep_jobs *jobs, struct error *err)
{
    for (size_t i = 0; i < jobs->count; i++) {
        struct sweep_job *job = &jobs->job[i];
        int found = job->done ? 0 : trial_result(&job->trial, jobs->folder, &job->result, err);
        if (found < 0)
            return -1;
        job->done = job->done || found == 1;
        jobs->done += (size_t)found;
    }
    for (int rung = 0; jobs->done > jobs->judged && rung + 1 < sweep_plan_rungs(jobs->plan); rung++)
        if (extend_rung(jobs, rung, err) < 0)
            return -1;
    jobs->judged = jobs->done;
    return 0;
}
