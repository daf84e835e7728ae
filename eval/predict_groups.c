/*
 * Several groups are on their way at a time, and every worker takes the first task that can run: an
 * image of a group is decoded by one, a view of a model is multiplied by another. So all workers
 * are busy however few groups there are, the next group is decoded behind the products of the one
 * before, and memory follows the groups on their way, not the workers.
 *
 * Handing out is under one lock, running is parallel. The error reported is that of the first group
 * that fails, in it of the first stage, in it of the first task: tasks are handed out in that
 * order, and those before a failed one are still run.
 */
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/interrupt.h"
#include "base/memory.h"
#include "base/progress.h"
#include "eval/predict_job.h"

/* A worker owns what it needs for a task. */
struct worker {
    struct view_hand *hand;
    struct infer **infers; /* (models) opened by the worker when it first needs one */
};

struct task {
    struct job *job;
    enum job_stage stage;
    int i;
};

/* Where an error happened; smaller comes first. */
struct failure {
    uint64_t group;
    int stage, task;
};

struct run {
    struct job_setting setting;
    const struct predict_options *options;
    const struct predict_sink *sink;
    uint64_t first, end;    /* range of ids */
    struct infer **infers;  /* (models) whose weights the workers' share */
    struct worker *workers; /* one per thread of the pool */
    int threads;

    pthread_mutex_t lock;
    pthread_cond_t change; /* signalled when a task is done */
    struct job *jobs;      /* all below under lock */
    int job_count;
    int running; /* tasks */
    uint64_t next_group, groups_end;
    uint64_t done; /* images */
    bool failed;
    struct failure failure; /* of `error`, if failed */
    struct error error;
    pthread_mutex_t deliver_lock; /* for the sink, the listener of warnings and the bar */
    struct progress *progress;
};

static int compare_failures(const struct failure *a, const struct failure *b)
{
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return a->stage != b->stage ? a->stage - b->stage : a->task - b->task;
}

static bool stopped(const struct run *r)
{
    return interrupt_asked(r->options->stop) != 0;
}

/* Under lock, as the next two. May this still be worth running, beside the error that is known? */
static bool wanted(const struct run *r, const struct task *task)
{
    struct failure at = { task->job->rows.group, (int)task->stage, task->i };
    return !r->failed || compare_failures(&at, &r->failure) < 0;
}

/* The next task of a job; false: it has none now. */
static bool next_of(const struct run *r, struct job *job, struct task *task)
{
    for (int s = 0; s < JOB_STAGES; s++) {
        *task = (struct task){ job, (enum job_stage)s, job->given[s] };
        if (job->given[s] < job_tasks(job, task->stage))
            return wanted(r, task);
        if (job->done[s] < job_tasks(job, task->stage))
            return false;
    }
    return false;
}

/* The oldest group first, so that it makes room; a new one where there is room. */
static bool take(struct run *r, struct task *task)
{
    const struct job *oldest = NULL;
    struct task found;
    struct job *room = NULL;
    for (int j = 0; j < r->job_count; j++) {
        struct job *job = &r->jobs[j];
        if (!job->busy)
            room = job;
        else if ((!oldest || job->rows.group < oldest->rows.group) && next_of(r, job, &found)) {
            oldest = job;
            *task = found;
        }
    }
    while (!oldest && room && r->next_group < r->groups_end && !r->failed) {
        uint64_t group = r->next_group++, size = (uint64_t)r->setting.group;
        uint64_t first = group * size, end = first + size;
        first = first > r->first ? first : r->first;
        end = end < r->end ? end : r->end;
        if (r->sink->has && r->sink->has(r->sink->context, group)) {
            r->done += end - first;
            continue;
        }
        job_start(room, group, first, end);
        oldest = room;
        *task = (struct task){ room, JOB_LOAD, 0 };
    }
    if (!oldest)
        return false;
    task->job->given[task->stage]++;
    r->running++;
    return true;
}

static void pass_warning(struct run *r, const struct view_hand *hand, uint64_t id)
{
    const char *text = view_hand_warnings(hand);
    if (!text || !r->options->warn)
        return;
    char place[512];
    index_place(r->setting.index, id, place, sizeof(place));
    error_make_printable(place);
    pthread_mutex_lock(&r->deliver_lock);
    r->options->warn(r->options->context, place, text);
    pthread_mutex_unlock(&r->deliver_lock);
}

static int open_infer(const struct run *r, struct worker *w, int model, struct error *err)
{
    return w->infers[model] ? 0 : infer_share(&w->infers[model], r->infers[model], err);
}

static int run_task(struct run *r, struct worker *w, const struct task *task, struct error *err)
{
    struct job *job = task->job;
    switch (task->stage) {
    case JOB_LOAD:
        if (job_load(job, w->hand, task->i, err) < 0)
            return -1;
        pass_warning(r, w->hand, job->rows.first + (uint64_t)task->i);
        return 0;
    case JOB_MULTIPLY:
        if (open_infer(r, w, task->i / r->setting.views, err) < 0)
            return -1;
        return job_multiply(job, w->hand, w->infers, task->i, err);
    default:
        return job_average(job, task->i, err);
    }
}

/* Under lock, which is let go meanwhile: the last mean of a group was made. */
static void hand_over(struct run *r, struct job *job)
{
    struct error err = { 0 };
    pthread_mutex_unlock(&r->lock);
    pthread_mutex_lock(&r->deliver_lock);
    int status = r->sink->deliver(r->sink->context, &job->rows, &err);
    pthread_mutex_unlock(&r->deliver_lock);
    pthread_mutex_lock(&r->lock);
    struct failure at = { job->rows.group, JOB_STAGES, 0 };
    if (status < 0 && (!r->failed || compare_failures(&at, &r->failure) < 0)) {
        r->failed = true;
        r->failure = at;
        r->error = err;
    }
    r->done += (uint64_t)job->rows.n;
    progress_update(r->progress, r->done, NULL);
    job->busy = false;
}

/* Under lock. A group that failed stays busy: nothing of it is handed over. */
static void finish(struct run *r, const struct task *task, int status, const struct error *err)
{
    struct failure at = { task->job->rows.group, (int)task->stage, task->i };
    if (status == 0)
        task->job->done[task->stage]++;
    else if (!r->failed || compare_failures(&at, &r->failure) < 0) {
        r->failed = true;
        r->failure = at;
        r->error = *err;
    }
    if (task->job->done[JOB_AVERAGE] == r->setting.models)
        hand_over(r, task->job);
}

/* A turn of the pool: task after task until none is left. */
static void work(void *context, size_t turn, int worker)
{
    (void)turn;
    struct run *r = context;
    struct task task;
    pthread_mutex_lock(&r->lock);
    while (!stopped(r)) {
        if (take(r, &task)) {
            struct error err = { 0 };
            pthread_mutex_unlock(&r->lock);
            int status = run_task(r, &r->workers[worker], &task, &err);
            pthread_mutex_lock(&r->lock);
            finish(r, &task, status, &err);
            r->running--;
            pthread_cond_broadcast(&r->change);
        } else if (r->running) {
            struct timespec soon;
            clock_gettime(CLOCK_REALTIME, &soon);
            soon.tv_sec++; /* a stop is noticed, should nothing end for long */
            pthread_cond_timedwait(&r->change, &r->lock, &soon);
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&r->lock);
}

static void close_run(struct run *r)
{
    for (int t = 0; r->workers && t < r->threads; t++) {
        struct worker *w = &r->workers[t];
        for (int m = 0; w->infers && m < r->setting.models; m++)
            infer_close(w->infers[m]);
        view_hand_close(w->hand);
        free(w->infers);
    }
    for (int m = 0; r->infers && m < r->setting.models; m++)
        infer_close(r->infers[m]);
    for (int j = 0; r->jobs && j < r->job_count; j++)
        job_close(&r->jobs[j]);
    free(r->infers);
    free(r->workers);
    free(r->jobs);
    pthread_mutex_destroy(&r->lock);
    pthread_mutex_destroy(&r->deliver_lock);
    pthread_cond_destroy(&r->change);
}

static int open_worker(const struct run *r, struct worker *w, struct error *err)
{
    const struct job_setting *s = &r->setting;
    w->infers = memory_array((size_t)s->models, sizeof(struct infer *), err);
    return w->infers ? view_hand_open(&w->hand, s->index, &s->spec, err) : -1;
}

/* One group more than what keeps all workers at products: it is decoded meanwhile. */
static int count_jobs(const struct run *r)
{
    int group = r->setting.group, products = r->setting.models * r->setting.views;
    uint64_t groups = r->groups_end - r->next_group;
    int jobs = r->options->batch ? (r->options->batch + group - 1) / group
                                 : 1 + (r->threads + products - 1) / products;
    return (uint64_t)jobs < groups ? jobs : (int)groups;
}

static int open_run(struct run *r, struct error *err)
{
    const struct job_setting *s = &r->setting;
    r->infers = memory_array((size_t)s->models, sizeof(struct infer *), err);
    for (int m = 0; r->infers && m < s->models; m++)
        if (infer_open(&r->infers[m], s->nets[m], s->group, err) < 0)
            return -1;
    if (!r->infers)
        return -1;
    r->workers = memory_array((size_t)r->threads, sizeof(*r->workers), err);
    if (!r->workers)
        return -1;
    for (int t = 0; t < r->threads; t++)
        if (open_worker(r, &r->workers[t], err) < 0)
            return -1;
    int jobs = count_jobs(r);
    r->jobs = memory_array((size_t)jobs, sizeof(*r->jobs), err);
    if (!r->jobs)
        return -1;
    for (; r->job_count < jobs; r->job_count++)
        if (job_open(&r->jobs[r->job_count], &r->setting, err) < 0) {
            job_close(&r->jobs[r->job_count]);
            return -1;
        }
    return 0;
}

static int find_range(struct run *r, struct error *err)
{
    const struct predict_options *o = r->options;
    uint64_t n = index_count(r->setting.index), size = (uint64_t)r->setting.group;
    if (o->first >= n || o->count > n - o->first)
        return error_set(err, ERROR_USAGE, NULL,
                         "range of %" PRIu64 " samples from %" PRIu64
                         " on; the data set has %" PRIu64,
                         o->count, o->first, n);
    r->first = o->first;
    r->end = o->count ? o->first + o->count : n;
    r->next_group = r->first / size;
    r->groups_end = (r->end - 1) / size + 1;
    return 0;
}

int predict_groups(const struct index *index, const struct net *const *nets,
                   const struct preprocess *preprocesses, int models,
                   const struct predict_options *options, const struct predict_sink *sink,
                   struct error *err)
{
    assert(models > 0);
    const struct view_policy *views =
        options->views ? options->views : &view_protocols[VIEWS_1CROP];
    int group = predict_group(views);
    struct run r = {
        .setting = { .index = index,
                     .nets = nets,
                     .models = models,
                     .group = group,
                     .views = view_policy_count(views),
                     .kind = options->kind,
                     .keep_views = sink->views,
                     .spec = { views, preprocesses, models, group, options->exif_apply } },
        .options = options,
        .sink = sink,
        .threads = pool_threads(options->pool),
    };
    if (find_range(&r, err) < 0)
        return -1;
    pthread_mutex_init(&r.lock, NULL);
    pthread_mutex_init(&r.deliver_lock, NULL);
    pthread_cond_init(&r.change, NULL);
    int status = open_run(&r, err);
    if (status == 0) {
        r.progress = options->progress
                         ? progress_open(options->progress, r.end - r.first, "images", false)
                         : NULL;
        pool_run(options->pool, (size_t)r.threads, work, &r);
        progress_close(r.progress);
        if (r.failed) {
            *err = r.error;
            status = -1;
        } else if (stopped(&r)) {
            status = error_set(err, ERROR_INTERRUPTED, NULL, "interrupted");
        }
    }
    close_run(&r);
    return status;
}
