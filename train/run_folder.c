#include "train/run_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"

/* Whatever a run may have written, most telling first. */
static const char *const names[] = { "last.safetensors", RUN_CHECKPOINT,    "summary.csv",
                                     "best.safetensors", "ema.safetensors", "swa.safetensors",
                                     "log.jsonl",        "ledger.jsonl",    "config.json" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

struct run_folder {
    char *path, *ledger, *checkpoint; /* owned */
    struct log *log;                  /* owned */
    struct buffer table;              /* owned: summary.csv so far */
    struct run_guard guard;
    bool barred;
};

/* Remove a file that an earlier run left, or refuse to. Whether it was there in *found. */
static int remove_old(const char *folder, const char *name, enum run_mode mode, bool *found,
                      struct error *err)
{
    char *path = file_join(folder, name, err);
    if (!path)
        return -1;
    int rc = 0;
    bool may = mode == RUN_OVERWRITE || (mode == RUN_RETRY && !strstr(name, ".safetensors"));
    *found = file_exists(path);
    if (*found && !may)
        rc = error_set(err, ERROR_USAGE, folder,
                       "holds a run already (%s); give another --out, --resume or --overwrite",
                       name);
    else if (*found && unlink(path) < 0)
        rc = error_errno(err, path, "cannot be removed");
    free(path);
    return rc;
}

static int make_room(const char *folder, enum run_mode mode, struct error *err)
{
    bool found = true;
    for (int i = 0; i < NAMES; i++)
        if (remove_old(folder, names[i], mode, &found, err) < 0)
            return -1;
    found = true;
    for (int i = 1; found; i++) {
        char name[48];
        snprintf(name, sizeof(name), "snapshot_%d.safetensors", i);
        if (remove_old(folder, name, mode, &found, err) < 0)
            return -1;
    }
    return 0;
}

static int open_files(struct run_folder *run, const char *path, enum run_mode mode,
                      struct error *err)
{
    char *log = NULL;
    int rc = file_make_folders(path, err);
    if (rc == 0 && mode != RUN_RESUME)
        rc = make_room(path, mode, err);
    if (rc < 0 || !(run->path = memory_text(path, err)) ||
        !(run->ledger = file_join(path, "ledger.jsonl", err)) ||
        !(run->checkpoint = file_join(path, RUN_CHECKPOINT, err)) ||
        !(log = file_join(path, "log.jsonl", err)))
        return -1;
    rc = log_open(&run->log, log, mode == RUN_RESUME, err);
    free(log);
    return rc;
}

int run_folder_may_write(struct run_folder *run, struct error *err)
{
    if (!run->guard.may_write || run->guard.may_write(run->guard.context, err) == 0)
        return 0;
    run->barred = true;
    return -1;
}

bool run_folder_barred(const struct run_folder *run)
{
    return run->barred;
}

int run_folder_open(struct run_folder **result, const char *path, enum run_mode mode,
                    struct run_guard guard, struct error *err)
{
    struct run_folder *run = memory_array(1, sizeof(*run), err);
    if (!run)
        return -1;
    run->guard = guard;
    if (run_folder_may_write(run, err) < 0 || open_files(run, path, mode, err) < 0 ||
        buffer_print(&run->table, err,
                     "epoch,train_loss,train_top1,eval_loss,eval_top1,eval_top5,lr,seconds,"
                     "images_per_second\n") < 0) {
        run_folder_close(run);
        return -1;
    }
    *result = run;
    return 0;
}

const char *run_folder_checkpoint(const struct run_folder *run)
{
    return run->checkpoint;
}

const char *run_folder_table(const struct run_folder *run)
{
    return run->table.data;
}

int run_folder_restore(struct run_folder *run, const char *table, struct error *err)
{
    run->table.size = 0;
    return buffer_print(&run->table, err, "%s", table);
}

const char *run_folder_path(const struct run_folder *run)
{
    return run->path;
}

const char *run_folder_ledger(const struct run_folder *run)
{
    return run->ledger;
}

int run_folder_config(struct run_folder *run, const json_t *config, struct error *err)
{
    if (run_folder_may_write(run, err) < 0)
        return -1;
    char *path = file_join(run->path, "config.json", err);
    int rc = path ? json_write(path, config, err) : -1;
    free(path);
    return rc;
}

int run_folder_log(struct run_folder *run, json_t *record, struct error *err)
{
    if (run_folder_may_write(run, err) == 0)
        return log_write(run->log, record, err);
    json_decref(record);
    return -1;
}

int run_folder_epoch(struct run_folder *run, const struct run_epoch *row, struct error *err)
{
    if (run_folder_may_write(run, err) < 0 ||
        buffer_print(&run->table, err, "%d,%.6f,%.3f,", row->epoch, row->train_loss,
                     100 * row->train_top1) < 0)
        return -1;
    int rc = row->validated ? buffer_print(&run->table, err, "%.6f,%.3f,%.3f", row->eval_loss,
                                           100 * row->eval_top1, 100 * row->eval_top5)
                            : buffer_print(&run->table, err, ",,");
    if (rc < 0 || buffer_print(&run->table, err, ",%.8g,%.2f,%.1f\n", row->lr, row->seconds,
                               row->images_per_second) < 0)
        return -1;
    char *path = file_join(run->path, "summary.csv", err);
    rc = path ? file_write(path, run->table.data, run->table.size, err) : -1;
    free(path);
    return rc;
}

int run_folder_weights(struct run_folder *run, const char *name, const struct net *net,
                       const struct preprocess *preprocess, const struct run_epoch *row,
                       struct error *err)
{
    char file[64], epoch[16], top1[32];
    if (run_folder_may_write(run, err) < 0)
        return -1;
    snprintf(file, sizeof(file), "%s.safetensors", name);
    snprintf(epoch, sizeof(epoch), "%d", row->epoch);
    snprintf(top1, sizeof(top1), "%.6f", row->eval_top1);
    json_t *more = json_pack("{s:s}", "epoch", epoch);
    if (more && row->validated && json_object_set_new(more, "eval_top1", json_string(top1)) < 0) {
        json_decref(more);
        more = NULL;
    }
    char *path = more ? file_join(run->path, file, err) : NULL;
    if (!more)
        error_set(err, ERROR_FAILED, NULL, "no memory for the metadata of the weights");
    int rc = path ? weights_save(path, net, preprocess, more, err) : -1;
    free(path);
    json_decref(more);
    return rc;
}

void run_folder_close(struct run_folder *run)
{
    if (!run)
        return;
    struct error ignored = { 0 }; /* each line is on disk since it was written */
    (void)log_close(run->log, &ignored);
    buffer_release(&run->table);
    free(run->checkpoint);
    free(run->ledger);
    free(run->path);
    free(run);
}
