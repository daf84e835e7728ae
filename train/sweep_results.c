/* What a stage has found, in order and taken together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/stat.h"
#include "train/sweep_jobs.h"

static int by_id(const void *a, const void *b)
{
    const struct sweep_result *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

/* The results move from the jobs into a list of their own. */
static int collect(struct sweep_jobs *jobs, struct sweep_results *results, struct error *err)
{
    results->item = memory_array(jobs->done, sizeof(*results->item), err);
    if (!results->item)
        return -1;
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->job[i].done) {
            results->item[results->count++] = jobs->job[i].result;
            jobs->job[i].done = false;
        }
    qsort(results->item, results->count, sizeof(*results->item), by_id);
    return 0;
}

int sweep_read(const char *folder, const char *stage, int round, struct sweep_results *results,
               struct error *err)
{
    struct sweep_plan plan;
    struct sweep_jobs jobs;
    *results = (struct sweep_results){ 0 };
    if (sweep_plan_find(&plan, folder, stage, round, err) < 0)
        return -1;
    int rc = sweep_jobs_open(&jobs, &plan, folder, err);
    /* Results of a lower rung bring trials of the next one, which may have results. */
    for (int rung = 0; rc == 0 && rung < sweep_plan_rungs(&plan); rung++)
        rc = sweep_jobs_look(&jobs, err);
    if (rc == 0)
        rc = collect(&jobs, results, err);
    sweep_jobs_close(&jobs);
    sweep_plan_release(&plan);
    return rc;
}

void sweep_results_release(struct sweep_results *results)
{
    for (size_t i = 0; i < results->count; i++)
        trial_result_release(&results->item[i]);
    free(results->item);
    *results = (struct sweep_results){ 0 };
}

static bool is_usable(const struct sweep_result *r)
{
    return r->state == SWEEP_DONE || r->state == SWEEP_EARLY;
}

static int best_first(const void *a, const void *b)
{
    const struct sweep_setting *x = a, *y = b;
    if (x->rung != y->rung)
        return y->rung - x->rung;
    if (x->top1 != y->top1)
        return x->top1 > y->top1 ? -1 : 1;
    return x->setting - y->setting;
}

/* The trials of one setting at the highest rung that it has a result of; the score of one that is
 * no use (diverged, refused) is 0. */
static void summarize(const struct sweep_results *results, int setting, double *score,
                      struct sweep_setting *s)
{
    *s = (struct sweep_setting){ .setting = setting, .rung = -1 };
    for (size_t i = 0; i < results->count; i++) {
        const struct sweep_result *r = &results->item[i];
        if (r->setting != setting || r->rung < s->rung)
            continue;
        if (r->rung > s->rung) {
            s->rung = r->rung;
            s->trials = 0;
            s->params = r->params;
            s->run = r->run;
            s->epochs = r->epochs;
        }
        score[s->trials++] = is_usable(r) ? r->best_top1 : 0;
    }
    if (s->trials > 0) {
        struct stat_summary sum = stat_summarize(score, (size_t)s->trials);
        s->top1 = sum.mean;
        s->se = sum.se;
    }
}

int sweep_rank(const struct sweep_results *results, struct sweep_setting **settings, size_t *count,
               struct error *err)
{
    double *score = memory_array(results->count, sizeof(*score), err);
    bool *seen = memory_array(results->count, sizeof(*seen), err);
    *settings = memory_array(results->count, sizeof(**settings), err);
    *count = 0;
    for (size_t i = 0; score && seen && *settings && i < results->count; i++) {
        int setting = results->item[i].setting;
        for (size_t j = 0; j < i && !seen[i]; j++)
            seen[i] = results->item[j].setting == setting;
        if (!seen[i])
            summarize(results, setting, score, &(*settings)[(*count)++]);
    }
    int rc = score && seen && *settings ? 0 : -1;
    free(seen);
    free(score);
    if (rc < 0) {
        free(*settings);
        *settings = NULL;
        return -1;
    }
    qsort(*settings, *count, sizeof(**settings), best_first);
    return 0;
}

size_t sweep_values(const struct sweep_results *results, const char *key)
{
    size_t different = 0;
    for (size_t i = 0; i < results->count; i++) {
        const json_t *value = json_object_get(results->item[i].params, key);
        bool known = !value;
        for (size_t j = 0; j < i && !known; j++)
            known = json_equal(value, json_object_get(results->item[j].params, key));
        different += !known;
    }
    return different;
}
