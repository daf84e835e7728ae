#include "eval/shard_option.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/param.h"
#include "eval/prediction_folder.h"

static int read_parts(struct shard_option *o, const char *text, struct error *err)
{
    char number[24];
    int64_t shard = -1, shards = -1;
    size_t length = strcspn(text, "/");
    if (length < sizeof(number) && text[length] == '/') {
        memcpy(number, text, length);
        number[length] = '\0';
        if (!param_integer(number, &shard) || !param_integer(text + length + 1, &shards))
            shard = -1;
    }
    if (shard < 0 || shards <= shard || shards > SHARDS_MAX)
        return error_set(err, ERROR_USAGE, "--shard",
                         "'%.40s'; must be I/N with I in 0..N-1, N at most %d, or slurm", text,
                         SHARDS_MAX);
    *o = (struct shard_option){ (int)shard, (int)shards, 0, 1 };
    return 0;
}

static int read_variable(const char *name, int64_t min, int64_t *value, struct error *err)
{
    const char *text = getenv(name);
    if (!text)
        return error_set(err, ERROR_USAGE, "--shard slurm",
                         "there is no %s; it is for tasks of a job array (sbatch --array)", name);
    if (param_integer(text, value) && *value >= min && *value <= INT32_MAX)
        return 0;
    return error_set(err, ERROR_USAGE, name, "'%.40s'; must be a whole number from %lld on", text,
                     (long long)min);
}

/* As the folder's first array was submitted, else as this one is. */
static int read_array(struct shard_option *o, const char *folder, struct error *err)
{
    int64_t first, step = 1, count;
    char *file = file_join(folder, "predict.json", err);
    if (!file)
        return -1;
    bool there = file_exists(file);
    free(file);
    if (there) {
        struct prediction_folder f;
        if (prediction_folder_read(&f, folder, err) < 0)
            return -1;
        *o = (struct shard_option){ 0, f.shards, f.array_first, f.array_step };
        prediction_folder_release(&f);
        return 0;
    }
    if (read_variable("SLURM_ARRAY_TASK_MIN", 0, &first, err) < 0 ||
        read_variable("SLURM_ARRAY_TASK_COUNT", 1, &count, err) < 0 ||
        (getenv("SLURM_ARRAY_TASK_STEP") &&
         read_variable("SLURM_ARRAY_TASK_STEP", 1, &step, err) < 0))
        return -1;
    if (count > SHARDS_MAX)
        return error_set(err, ERROR_USAGE, "SLURM_ARRAY_TASK_COUNT",
                         "%lld tasks; at most %d are accepted", (long long)count, SHARDS_MAX);
    *o = (struct shard_option){ 0, (int)count, (int)first, (int)step };
    return 0;
}

int shard_option_read(struct shard_option *o, const char *text, const char *folder,
                      struct error *err)
{
    int64_t task;
    if (strcmp(text, "slurm") != 0)
        return read_parts(o, text, err);
    if (read_variable("SLURM_ARRAY_TASK_ID", 0, &task, err) < 0 || read_array(o, folder, err) < 0)
        return -1;
    int64_t from = task - o->array_first;
    if (from < 0 || from % o->array_step || from / o->array_step >= o->shards)
        return error_set(err, ERROR_USAGE, "SLURM_ARRAY_TASK_ID",
                         "task %lld; the tasks of %s are %d..%lld in steps of %d", (long long)task,
                         folder, o->array_first,
                         o->array_first + (long long)(o->shards - 1) * o->array_step,
                         o->array_step);
    o->shard = (int)(from / o->array_step);
    return 0;
}
