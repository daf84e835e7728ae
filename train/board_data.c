/*
 * An update finds, reads and compares: runs are read side by side, each by one thread; comparing
 * (settings, bands) is done once for all by the caller, and only when something has changed. What
 * board_json writes was made then, so that asking costs no more than copying.
 */
#include "train/board_data.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/thread.h"
#include "train/board_bands.h"
#include "train/board_links.h"
#include "train/board_name.h"
#include "train/board_settings.h"
#include "train/board_steps.h"
#include "train/board_text.h"
#include "train/run_find.h"

struct board {
    struct board_options options;
    char *title;             /* owned */
    char *root_folder;       /* owned: names of runs are relative to it */
    struct run_list found;   /* owned: all folders of runs, sorted */
    struct board_run **runs; /* (count) owned, in order of their ids */
    size_t count, capacity;
    struct board_run **sorted; /* (count) owned as an array: by path */
    struct board_settings settings;
    struct board_steps steps;
    struct buffer bands;        /* owned */
    struct pool *pool;          /* owned */
    uint64_t first, generation; /* `first` is that of all that was there when it was opened */
};

uint64_t board_generation(const struct board *board)
{
    return board->generation;
}

const char *board_title(const struct board *board)
{
    return board->title;
}

const json_t *board_keys(const struct board *board)
{
    return board->settings.keys;
}

size_t board_runs(const struct board *board)
{
    return board->count;
}

const struct board_run *board_run(const struct board *board, size_t id)
{
    return board->runs[id];
}

/* Milliseconds of the clock: past every number that an earlier process has come to, or, when the
 * clock was set back, before it. */
static uint64_t first_generation(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp((*(struct board_run *const *)a)->path, (*(struct board_run *const *)b)->path);
}

static bool known(const struct board *b, const char *path, size_t count)
{
    const struct board_run key = { .path = (char *)path }, *at = &key;
    return count > 0 && bsearch(&at, b->sorted, count, sizeof(*b->sorted), compare_paths);
}

static int add_run(struct board *b, const char *path, struct error *err)
{
    struct board_run *run = memory_array(1, sizeof(*run), err);
    if (!run)
        return -1;
    run->id = b->count;
    run->path = memory_text(path, err);
    run->name = board_name(b->root_folder, path, err);
    if (!run->path || !run->name ||
        memory_grow((void **)&b->runs, &b->capacity, b->count + 1, sizeof(*b->runs), err) < 0) {
        board_run_release(run);
        free(run);
        return -1;
    }
    b->runs[b->count++] = run;
    return 0;
}

/* `must`: a root that is not there is an error. */
static int find_runs(struct board *b, bool must, struct error *err)
{
    size_t before = b->count;
    for (int i = 0; i < b->options.count; i++) {
        struct error why = { 0 };
        if (run_find(&b->found, b->options.roots[i], &why) < 0 &&
            (must || why.kind != ERROR_DATA)) {
            *err = why;
            return -1;
        }
    }
    if (b->found.count == before)
        return 0;
    for (size_t i = 0; i < b->found.count; i++)
        if (!known(b, b->found.path[i], before) && add_run(b, b->found.path[i], err) < 0)
            return -1;
    struct board_run **sorted = memory_array(b->count, sizeof(struct board_run *), err);
    if (!sorted)
        return -1;
    memcpy(sorted, b->runs, b->count * sizeof(*sorted));
    qsort(sorted, b->count, sizeof(*sorted), compare_paths);
    free(b->sorted);
    b->sorted = sorted;
    return 0;
}

struct reading {
    struct board_run *const *runs;
    struct error *err; /* (threads) of each worker's last failure */
};

static void read_run(void *context, size_t i, int worker)
{
    const struct reading *r = context;
    struct error err = { 0 };
    if (board_run_update(r->runs[i], &err) < 0)
        r->err[worker] = err;
}

static int read_runs(struct board *b, struct error *err)
{
    int threads = pool_threads(b->pool), rc = 0;
    struct error *errors = memory_array((size_t)threads, sizeof(*errors), err);
    if (!errors)
        return -1;
    pool_run(b->pool, b->count, read_run, &(struct reading){ b->runs, errors });
    for (int i = 0; i < threads && rc == 0; i++)
        if (errors[i].kind != ERROR_NONE) {
            *err = errors[i];
            rc = -1;
        }
    free(errors);
    return rc;
}

/* What follows from all runs together, as far as it may be another than it was. */
static int compare_runs(struct board *b, struct error *err)
{
    bool settings = !b->settings.keys, bands = !b->bands.data, new_keys = false;
    for (size_t i = 0; i < b->count; i++) {
        settings = settings || b->runs[i]->new_setting;
        bands = bands || b->runs[i]->new_setting || b->runs[i]->new_epochs;
    }
    if (settings && board_settings_update(&b->settings, b->runs, b->count, &new_keys, err) < 0)
        return -1;
    b->generation++;
    for (size_t i = 0; i < b->count; i++)
        if (b->runs[i]->changed || new_keys)
            b->runs[i]->generation = b->generation;
    if (!bands)
        return 0;
    b->bands.size = 0;
    return board_bands(b->runs, b->count, &b->bands, err);
}

static int update(struct board *b, bool first, bool *changed, struct error *err)
{
    bool steps;
    *changed = first;
    if (find_runs(b, first, err) < 0 || read_runs(b, err) < 0 ||
        board_steps_update(&b->steps, b->options.roots, b->options.count, &steps, err) < 0)
        return -1;
    for (size_t i = 0; i < b->count; i++)
        *changed = *changed || b->runs[i]->changed;
    if (*changed && compare_runs(b, err) < 0)
        return -1;
    if (steps && !*changed) {
        b->generation++;
        *changed = true;
    }
    return 0;
}

int board_update(struct board *board, bool *changed, struct error *err)
{
    return update(board, false, changed, err);
}

int board_open(struct board **result, const struct board_options *options, struct error *err)
{
    bool changed;
    struct board *b = memory_array(1, sizeof(*b), err);
    if (!b)
        return -1;
    b->options = *options;
    b->generation = first_generation();
    b->root_folder = board_name_folder(options->roots, options->count, err);
    b->title = board_name_title(options->title, options->roots, options->count, err);
    if (!b->root_folder || !b->title || pool_open(&b->pool, options->threads, err) < 0 ||
        update(b, true, &changed, err) < 0) {
        board_close(b);
        return -1;
    }
    b->first = b->generation;
    *result = b;
    return 0;
}

static int write_run(const struct board *b, const struct board_run *run, struct buffer *json,
                     struct error *err)
{
    if (buffer_append(json, "{", 1, err) < 0 ||
        board_settings_head(&b->settings, run, json, err) < 0 ||
        board_links(run, b->options.page, json, err) < 0 ||
        buffer_append(json, run->curves.data, run->curves.size, err) < 0)
        return -1;
    return buffer_append(json, "}", 1, err);
}

static int write_runs(const struct board *b, uint64_t since, struct buffer *json, struct error *err)
{
    bool any = false;
    if (buffer_print(json, err, "\"runs\":[") < 0)
        return -1;
    for (size_t i = 0; i < b->count; i++) {
        if (!b->runs[i]->record || b->runs[i]->generation <= since)
            continue;
        if ((any && buffer_append(json, ",\n", 2, err) < 0) ||
            write_run(b, b->runs[i], json, err) < 0)
            return -1;
        any = true;
    }
    return buffer_append(json, "]", 1, err);
}

static int write_sweep(const struct board *b, struct buffer *json, struct error *err)
{
    size_t trials = 0, running = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct run_record *r = b->runs[i]->record;
        trials += r && r->trial;
        running += r && r->trial && r->state == RUN_RUNNING;
    }
    if (trials == 0)
        return buffer_print(json, err, ",\"sweep\":null");
    return buffer_print(json, err, ",\"sweep\":{\"trials\":%zu,\"done\":%zu,\"running\":%zu}",
                        trials, trials - running, running);
}

static int write_member(struct buffer *json, const char *name, const json_t *value,
                        struct error *err)
{
    return buffer_print(json, err, ",\"%s\":", name) < 0 ? -1 : board_text_json(json, value, err);
}

static int write_rest(const struct board *b, struct buffer *json, struct error *err)
{
    char made[32];
    time_t now = time(NULL);
    struct tm local;
    strftime(made, sizeof(made), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
    if (buffer_print(json, err, ",\"made\":\"%s\",\"title\":", made) < 0 ||
        board_text_string(json, b->title, err) < 0 ||
        write_member(json, "keys", b->settings.keys, err) < 0 ||
        write_member(json, "base", b->settings.base, err) < 0 ||
        buffer_print(json, err, ",\"bands\":%s,\"steps\":%s", b->bands.data, b->steps.text.data) <
            0)
        return -1;
    return write_sweep(b, json, err);
}

int board_json(const struct board *b, uint64_t since, struct buffer *json, struct error *err)
{
    bool all = since < b->first || since > b->generation;
    if (buffer_print(json, err, "{\"version\":1,\"live\":%s,\"generation\":%llu,\"all\":%s,",
                     b->options.live ? "true" : "false", (unsigned long long)b->generation,
                     all ? "true" : "false") < 0 ||
        write_runs(b, all ? 0 : since, json, err) < 0 ||
        (since != b->generation && write_rest(b, json, err) < 0))
        return -1;
    return buffer_append(json, "}\n", 2, err);
}

void board_close(struct board *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++) {
        board_run_release(b->runs[i]);
        free(b->runs[i]);
    }
    free(b->runs);
    free(b->sorted);
    run_list_release(&b->found);
    board_settings_release(&b->settings);
    board_steps_release(&b->steps);
    buffer_release(&b->bands);
    pool_close(b->pool);
    free(b->title);
    free(b->root_folder);
    free(b);
}
