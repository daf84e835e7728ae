#include "train/run_read.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "train/run_log.h"
#include "train/run_table.h"

enum { CONFIG_BYTES = 4 << 20, TRIAL_BYTES = 256 << 10 };

static const char *const names[] = {
    [RUN_RUNNING] = "running", [RUN_DONE] = "done",         [RUN_EARLY] = "early",
    [RUN_STOPPED] = "stopped", [RUN_DIVERGED] = "diverged", [RUN_FAILED] = "failed",
};

const char *run_state_name(enum run_state state)
{
    return names[state];
}

int run_state_of(const char *name)
{
    for (int i = 0; i <= RUN_FAILED; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static bool has_file(const char *folder, const char *name)
{
    struct error ignored = { 0 };
    char *path = file_join(folder, name, &ignored);
    bool found = path && file_exists(path);
    free(path);
    return found;
}

/* The object in a file of the folder, if the file is another than `seen`: NULL where it holds none.
 * A file that is not there leaves what was read. */
static void read_object(const char *folder, const char *name, uint64_t limit, struct run_mark *seen,
                        json_t **value)
{
    struct error ignored = { 0 };
    struct buffer text = { 0 };
    struct stat info;
    char *path = file_join(folder, name, &ignored);
    if (path && stat(path, &info) == 0) {
        struct run_mark now = run_mark_of(&info);
        if (!run_mark_same(&now, seen)) {
            *seen = now;
            json_decref(*value);
            *value = NULL;
            if (file_read(path, limit, &text, &ignored) == 0)
                *value = json_parse(text.data, text.size, path, &ignored);
        }
    }
    if (*value && !json_is_object(*value)) {
        json_decref(*value);
        *value = NULL;
    }
    buffer_release(&text);
    free(path);
}

/* Both are written before the first line of the log. */
static void read_documents(struct run_record *run)
{
    read_object(run->path, "config.json", CONFIG_BYTES, &run->config_seen, &run->config);
    read_object(run->path, "trial.json", TRIAL_BYTES, &run->trial_seen, &run->trial);
}

static void find_epoch(struct run_record *run)
{
    const struct run_points *p = &run->points;
    run->steps_per_epoch = 0;
    for (size_t i = 0; i < p->count && run->steps_per_epoch == 0; i++) {
        double steps = (double)p->step[i] / p->epoch[i];
        if (p->step[i] > 0 && steps >= 1 && steps < 1e15)
            run->steps_per_epoch = (uint64_t)(steps + 0.5);
    }
}

/* Runs of before there was a line that says so. */
static void find_end(struct run_record *run)
{
    const json_t *epochs = json_object_get(json_object_get(run->config, "train"), "epochs");
    if (run->state == RUN_RUNNING && json_is_integer(epochs) && run->rows.count > 0 &&
        run->rows.epoch[run->rows.count - 1] >= json_integer_value(epochs))
        run->state = RUN_DONE;
}

int run_follow(struct run_record *run, bool *changed, struct error *err)
{
    *changed = false;
    if (run_log_follow(run->log, run, changed, err) < 0 ||
        run_table_follow(run->table, run, changed, err) < 0)
        return -1;
    if (!*changed)
        return 0;
    /* Points that were dropped belong to what is told anew. */
    if (run->points.count == 0 && run_log_follow(run->log, run, changed, err) < 0)
        return -1;
    read_documents(run);
    find_epoch(run);
    find_end(run);
    return 0;
}

int run_read(struct run_record **result, const char *path, struct error *err)
{
    if (!file_is_folder(path))
        return error_set(err, ERROR_DATA, path, "is no folder; a run's folder is needed");
    if (!has_file(path, "log.jsonl") && !has_file(path, "summary.csv") &&
        !has_file(path, "config.json"))
        return error_set(err, ERROR_DATA, path,
                         "holds no run: neither log.jsonl nor summary.csv nor config.json");
    struct run_record *run = memory_array(1, sizeof(*run), err);
    bool changed;
    if (!run)
        return -1;
    if (!(run->path = memory_text(path, err)) || !(run->log = run_log_open(path, err)) ||
        !(run->table = run_table_open(path, err)) || run_follow(run, &changed, err) < 0) {
        run_close(run);
        return -1;
    }
    read_documents(run);
    *result = run;
    return 0;
}

static void release_points(struct run_points *p)
{
    free(p->step);
    free(p->epoch);
    free(p->loss);
    free(p->lr);
    free(p->images_per_second);
    *p = (struct run_points){ 0 };
}

void run_drop_points(struct run_record *run)
{
    release_points(&run->points);
    run_log_rewind(run->log);
}

__attribute__((format(printf, 3, 4))) static int note(json_t *notes, bool there, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    int rc = there ? json_array_append_new(notes, json_vsprintf(format, arguments)) : 0;
    va_end(arguments);
    return rc;
}

json_t *run_notes(const struct run_record *run)
{
    json_t *notes = json_array();
    int lines = run->skipped_lines, rows = run->skipped_rows;
    if (note(notes, !run->config, "config.json is missing or not readable") < 0 ||
        note(notes, lines > 0, "%d line%s of log.jsonl %s not readable", lines,
             lines == 1 ? "" : "s", lines == 1 ? "was" : "were") < 0 ||
        note(notes, rows > 0, "%d row%s of summary.csv %s not readable", rows, rows == 1 ? "" : "s",
             rows == 1 ? "was" : "were") < 0 ||
        note(notes, run_log_full(run->log), "log.jsonl is too long to be read to its end") < 0) {
        json_decref(notes);
        return NULL;
    }
    return notes;
}

void run_close(struct run_record *run)
{
    if (!run)
        return;
    run_table_close(run->table);
    run_log_close(run->log);
    release_points(&run->points);
    run_rows_release(&run->rows);
    json_decref(run->config);
    json_decref(run->trial);
    free(run->path);
    free(run);
}
