/* nneval missing: which shards of a folder are not done, in the words of `sbatch --array`. */
#include <stdio.h>

#include "eval/command.h"
#include "eval/prediction_folder.h"

static const struct param options[] = { { 0 } };

static const struct option_command command = {
    .program = "nneval missing",
    .usage = "DIR",
    .summary = "print the tasks of the job array whose shards are not done yet",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes = "One line, such as 3,7-9, or none when all are done. Again with\n"
             "  sbatch --array=$(nneval missing DIR) ...\n"
             "Without a job array it prints the shards' numbers, as --shard I/N counts them.\n",
};

static int task_of(const struct prediction_folder *f, int shard)
{
    return f->array_first + shard * f->array_step;
}

/* Ranges only where tasks follow each other: steps are not worth a special notation. */
static int print_missing(const struct prediction_folder *f, struct error *err)
{
    const char *comma = "";
    for (int i = 0; i < f->shards; i++) {
        bool has;
        int first = i;
        if (prediction_folder_has(f, i, &has, err) < 0)
            return -1;
        if (has)
            continue;
        while (!has && f->array_step == 1 && i + 1 < f->shards) {
            if (prediction_folder_has(f, i + 1, &has, err) < 0)
                return -1;
            i += !has;
        }
        printf("%s%d", comma, task_of(f, first));
        if (i > first)
            printf("%c%d", i == first + 1 ? ',' : '-', task_of(f, i));
        comma = ",";
    }
    if (comma[0])
        printf("\n");
    return 0;
}

int command_missing(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    struct prediction_folder f;
    bool whole;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc)
        return rc;
    if (prediction_folder_read(&f, given.positional[0], err) < 0)
        return -1;
    int status = prediction_folder_has_whole(&f, &whole, err);
    if (status == 0 && !whole)
        status = print_missing(&f, err);
    prediction_folder_release(&f);
    return status;
}
