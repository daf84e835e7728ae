#include "train/board_bands.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/stat.h"
#include "train/board_text.h"

static const struct {
    const char *name;
    size_t column; /* of struct run_rows */
} curves[] = {
    { "train_loss", offsetof(struct run_rows, train_loss) },
    { "train_top1", offsetof(struct run_rows, train_top1) },
    { "eval_loss", offsetof(struct run_rows, eval_loss) },
    { "eval_top1", offsetof(struct run_rows, eval_top1) },
};
enum { CURVES = sizeof(curves) / sizeof(curves[0]) };

/* Runs of one group, and room for a value of each. */
struct group {
    struct board_run *const *run;
    size_t count;
    int *epoch; /* (epochs) that any of them has */
    size_t epochs;
    double *value;             /* (count) */
    double *mean, *low, *high; /* (epochs) */
};

static int compare_epochs(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static double value_at(const struct run_rows *rows, size_t column, int epoch)
{
    const int *found =
        rows->count ? bsearch(&epoch, rows->epoch, rows->count, sizeof(epoch), compare_epochs)
                    : NULL;
    double *const *x = (double *const *)((const char *)rows + column);
    return found ? (*x)[found - rows->epoch] : NAN;
}

static void summarize(struct group *g, size_t column)
{
    for (size_t e = 0; e < g->epochs; e++) {
        size_t n = 0;
        for (size_t i = 0; i < g->count; i++) {
            double x = value_at(&g->run[i]->record->rows, column, g->epoch[e]);
            if (isfinite(x))
                g->value[n++] = x;
        }
        struct stat_summary s = { NAN, NAN, NAN };
        if (n > 0)
            s = stat_summarize(g->value, n);
        g->mean[e] = s.mean;
        g->low[e] = s.mean - s.se;
        g->high[e] = s.mean + s.se;
    }
}

static int write_group(struct group *g, struct buffer *json, struct error *err)
{
    if (buffer_print(json, err, "{\"group\":%d,\"runs\":[", g->run[0]->group) < 0)
        return -1;
    for (size_t i = 0; i < g->count; i++)
        if (buffer_print(json, err, "%s%zu", i ? "," : "", g->run[i]->id) < 0)
            return -1;
    if (buffer_print(json, err, "],\"epoch\":[") < 0)
        return -1;
    for (size_t e = 0; e < g->epochs; e++)
        if (buffer_print(json, err, "%s%d", e ? "," : "", g->epoch[e]) < 0)
            return -1;
    if (buffer_append(json, "]", 1, err) < 0)
        return -1;
    for (int c = 0; c < CURVES; c++) {
        summarize(g, curves[c].column);
        if (buffer_print(json, err, ",\"%s\":{", curves[c].name) < 0 ||
            board_text_numbers(json, "mean", g->mean, NULL, g->epochs, err) < 0 ||
            buffer_append(json, ",", 1, err) < 0 ||
            board_text_numbers(json, "low", g->low, NULL, g->epochs, err) < 0 ||
            buffer_append(json, ",", 1, err) < 0 ||
            board_text_numbers(json, "high", g->high, NULL, g->epochs, err) < 0 ||
            buffer_append(json, "}", 1, err) < 0)
            return -1;
    }
    return buffer_append(json, "}", 1, err);
}

static int make_group(struct board_run *const *run, size_t count, struct buffer *json,
                      struct error *err)
{
    struct group g = { .run = run, .count = count };
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += run[i]->record->rows.count;
    double *room = memory_array(3 * all + count, sizeof(*room), err);
    g.epoch = memory_array(all, sizeof(*g.epoch), err);
    int rc = room && g.epoch ? 0 : -1;
    if (rc == 0) {
        for (size_t i = 0; i < count; i++)
            for (size_t e = 0; e < run[i]->record->rows.count; e++)
                g.epoch[g.epochs++] = run[i]->record->rows.epoch[e];
        qsort(g.epoch, g.epochs, sizeof(*g.epoch), compare_epochs);
        size_t different = 0;
        for (size_t e = 0; e < g.epochs; e++)
            if (different == 0 || g.epoch[different - 1] != g.epoch[e])
                g.epoch[different++] = g.epoch[e];
        g.epochs = different;
        g.mean = room;
        g.low = room + all;
        g.high = room + 2 * all;
        g.value = room + 3 * all;
        rc = write_group(&g, json, err);
    }
    free(g.epoch);
    free(room);
    return rc;
}

static int compare_runs(const void *a, const void *b)
{
    const struct board_run *x = *(struct board_run *const *)a, *y = *(struct board_run *const *)b;
    int group = (x->group > y->group) - (x->group < y->group);
    return group ? group : (x->id > y->id) - (x->id < y->id);
}

int board_bands(struct board_run *const *runs, size_t count, struct buffer *json, struct error *err)
{
    struct board_run **sorted = memory_array(count, sizeof(struct board_run *), err);
    size_t n = 0, before = json->size;
    if (!sorted)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (runs[i]->record)
            sorted[n++] = runs[i];
    qsort(sorted, n, sizeof(*sorted), compare_runs);
    int rc = buffer_append(json, "[", 1, err);
    for (size_t first = 0, end; rc == 0 && first < n; first = end) {
        for (end = first + 1; end < n && sorted[end]->group == sorted[first]->group;)
            end++;
        if (end - first < 2)
            continue;
        if (json->size > before + 1)
            rc = buffer_append(json, ",", 1, err);
        if (rc == 0)
            rc = make_group(sorted + first, end - first, json, err);
    }
    free(sorted);
    return rc == 0 ? buffer_append(json, "]", 1, err) : -1;
}
