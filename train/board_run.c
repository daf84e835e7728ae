#include "train/board_run.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "train/board_flat.h"
#include "train/board_text.h"
#include "train/run_curve.h"

/* What is drawn of a run at most: a screen has no more places. */
enum { BUCKETS = 100, MEANS = 160, FILES = 20 };

static int write_column(struct buffer *b, const char *name, const double *x, size_t n,
                        struct error *err)
{
    return buffer_append(b, ",", 1, err) < 0 ? -1 : board_text_numbers(b, name, x, NULL, n, err);
}

static int write_epochs(struct buffer *b, const struct run_rows *r, struct error *err)
{
    if (buffer_print(b, err, "\"epochs\":{\"epoch\":[") < 0)
        return -1;
    for (size_t i = 0; i < r->count; i++)
        if (buffer_print(b, err, "%s%d", i ? "," : "", r->epoch[i]) < 0)
            return -1;
    if (buffer_append(b, "]", 1, err) < 0 ||
        write_column(b, "train_loss", r->train_loss, r->count, err) < 0 ||
        write_column(b, "train_top1", r->train_top1, r->count, err) < 0 ||
        write_column(b, "eval_loss", r->eval_loss, r->count, err) < 0 ||
        write_column(b, "eval_top1", r->eval_top1, r->count, err) < 0 ||
        write_column(b, "lr", r->lr, r->count, err) < 0)
        return -1;
    return buffer_append(b, "}", 1, err);
}

static int write_steps(struct buffer *b, const char *name, const uint64_t *step,
                       const size_t *index, size_t n, struct error *err)
{
    if (buffer_print(b, err, ",\"%s\":{\"step\":[", name) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (buffer_print(b, err, "%s%llu", i ? "," : "", (unsigned long long)step[index[i]]) < 0)
            return -1;
    return buffer_append(b, "],", 2, err);
}

static int write_points(struct buffer *b, const struct run_points *p, struct error *err)
{
    size_t index[4 * BUCKETS], kept = run_thin(p->loss, p->count, BUCKETS, index);
    if (write_steps(b, "points", p->step, index, kept, err) < 0 ||
        board_text_numbers(b, "loss", p->loss, index, kept, err) < 0 ||
        buffer_append(b, ",", 1, err) < 0 ||
        board_text_numbers(b, "lr", p->lr, index, kept, err) < 0)
        return -1;
    return buffer_append(b, "}", 1, err);
}

/* Of all points, then thinned. */
static int write_mean(struct buffer *b, const struct run_record *run, struct error *err)
{
    const struct run_points *p = &run->points;
    size_t index[MEANS], kept = run_thin_ends(p->count, MEANS, index);
    double *mean = memory_array(2 * p->count, sizeof(*mean), err), *deviation = mean + p->count;
    double drawn[MEANS], low[MEANS], high[MEANS];
    if (!mean)
        return -1;
    run_average(p->loss, p->count, run_span(p, run->steps_per_epoch), mean, deviation);
    for (size_t i = 0; i < kept; i++) {
        drawn[i] = mean[index[i]];
        low[i] = drawn[i] - deviation[index[i]];
        high[i] = drawn[i] + deviation[index[i]];
    }
    free(mean);
    if (write_steps(b, "mean", p->step, index, kept, err) < 0 ||
        board_text_numbers(b, "loss", drawn, NULL, kept, err) < 0 ||
        write_column(b, "low", low, kept, err) < 0 || write_column(b, "high", high, kept, err) < 0)
        return -1;
    return buffer_append(b, "}", 1, err);
}

double board_run_best(const struct run_rows *rows, int *epoch)
{
    double best = NAN;
    *epoch = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (isfinite(rows->eval_top1[i]) && !(rows->eval_top1[i] <= best)) {
            best = rows->eval_top1[i];
            *epoch = rows->epoch[i];
        }
    return best;
}

static double last_of(const double *x, size_t n)
{
    while (n > 0 && !isfinite(x[n - 1]))
        n--;
    return n > 0 ? x[n - 1] : NAN;
}

static double sum_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += isfinite(x[i]) ? x[i] : 0;
    return sum;
}

static int write_figure(struct buffer *b, const char *name, double x, struct error *err)
{
    return buffer_print(b, err, ",\"%s\":", name) < 0 ? -1 : board_text_number(b, x, err);
}

static int write_figures(struct buffer *b, const struct run_record *run, struct error *err)
{
    const struct run_points *p = &run->points;
    const struct run_rows *r = &run->rows;
    int epoch;
    double best = board_run_best(r, &epoch);
    double rate = r->count ? last_of(r->images_per_second, r->count)
                           : last_of(p->images_per_second, p->count);
    if (buffer_print(b, err, ",\"steps_per_epoch\":%llu,\"best_epoch\":%d",
                     (unsigned long long)run->steps_per_epoch, epoch) < 0 ||
        write_figure(b, "best_top1", best, err) < 0 ||
        write_figure(b, "last_top1", last_of(r->eval_top1, r->count), err) < 0 ||
        write_figure(b, "seconds", sum_of(r->seconds, r->count), err) < 0)
        return -1;
    return write_figure(b, "images_per_second", rate, err);
}

static int write_notes(struct buffer *b, const struct run_record *run, struct error *err)
{
    json_t *notes = run_notes(run);
    int rc = buffer_print(b, err, ",\"notes\":");
    if (rc == 0)
        rc = board_text_json(b, notes, err);
    json_decref(notes);
    return rc;
}

static int write_state(struct buffer *b, const struct run_record *run, struct error *err)
{
    if (buffer_print(b, err, ",\"state\":\"%s\",\"reason\":", run_state_name(run->state)) < 0)
        return -1;
    return board_text_string(b, run->reason, err);
}

static int write_curves(struct board_run *run, struct error *err)
{
    struct buffer *b = &run->curves;
    const struct run_record *r = run->record;
    b->size = 0;
    if (write_epochs(b, &r->rows, err) < 0)
        return -1;
    uint64_t epochs = hash64(b->data, b->size);
    run->new_epochs = epochs != run->epochs;
    run->epochs = epochs;
    if (write_points(b, &r->points, err) < 0 || write_mean(b, r, err) < 0 ||
        write_figures(b, r, err) < 0 || write_state(b, r, err) < 0)
        return -1;
    return write_notes(b, r, err);
}

static int is_shown(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot && (!strcmp(dot, ".html") || !strcmp(dot, ".png"));
}

static json_t *list_files(const char *folder)
{
    struct dirent **entries;
    json_t *files = json_array();
    int count = scandir(folder, &entries, is_shown, alphasort);
    for (int i = 0; i < count; i++) {
        if (i < FILES) /* a name that is no UTF-8 has no address either */
            (void)json_array_append_new(files, json_string(entries[i]->d_name));
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return files;
}

/* Reports and contact sheets that somebody has put there, maybe long after the training. */
static int find_files(struct board_run *run, struct error *err)
{
    struct stat info;
    if (!run->record || run_mark_holds(&run->folder, run->path) || stat(run->path, &info) < 0)
        return 0;
    json_t *files = list_files(run->path);
    if (!files)
        return error_set(err, ERROR_FAILED, NULL, "no memory for the names of files");
    run->changed = run->changed || !json_equal(files, run->files);
    json_decref(run->files);
    run->files = files;
    run->folder = run_mark_of(&info);
    return 0;
}

static int read_more(struct board_run *run, struct error *err)
{
    struct error why = { 0 };
    run->changed = run->new_setting = run->new_epochs = false;
    if (run->record)
        return run_follow(run->record, &run->changed, err);
    if (run_read(&run->record, run->path, &why) == 0) {
        run->changed = true;
        return 0;
    }
    if (why.kind == ERROR_DATA) /* gone since it was found */
        return 0;
    *err = why;
    return -1;
}

static bool same(const json_t *a, const json_t *b)
{
    return a == b || json_equal(a, b);
}

static int take_over(struct board_run *run, struct error *err)
{
    const struct run_record *r = run->record;
    json_t *flat = NULL;
    if (r->config && !(flat = board_flat(r->config, err)))
        return -1;
    run->new_setting = !run->curves.data || !same(flat, run->flat) || !same(r->trial, run->trial);
    json_decref(run->flat);
    json_decref(run->trial);
    run->flat = flat;
    run->trial = json_incref(r->trial);
    run->setting = board_flat_setting(run->flat, run->path);
    if (write_curves(run, err) < 0)
        return -1;
    if (r->state != RUN_RUNNING)
        run_drop_points(run->record);
    return 0;
}

int board_run_update(struct board_run *run, struct error *err)
{
    if (read_more(run, err) < 0 || (run->changed && take_over(run, err) < 0))
        return -1;
    return find_files(run, err);
}

const json_t *board_run_seed(const struct board_run *run)
{
    const json_t *seed = json_object_get(run->flat, "train.seed");
    if (!seed)
        seed = json_object_get(run->flat, "data.seed");
    return seed ? seed : json_object_get(run->record->trial, "seed");
}

void board_run_release(struct board_run *run)
{
    run_close(run->record);
    json_decref(run->flat);
    json_decref(run->trial);
    json_decref(run->files);
    buffer_release(&run->curves);
    free(run->path);
    free(run->name);
}
