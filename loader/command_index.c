/* nndata index: a data set scanned once, so that programs open it in milliseconds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/progress.h"
#include "loader/command.h"

enum { OUT, CLASSES, CHECK };

static const struct param options[] = {
    [OUT] = { "out", PARAM_FILE, "",
              .help = "the index file; without it the cache folder, where programs find it when "
                      "they are given the same DATA" },
    [CLASSES] = { "classes", PARAM_FILE, "", .help = "CSV file as in data.classes" },
    [CHECK] = { "check", PARAM_FLAG, "",
                .help = "make nothing: read all of the index of DATA, or of the index file DATA" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata index",
    .usage = "DATA [options]",
    .summary = "scan a data set once and keep what was found in one file",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes =
        "The file takes the place of DATA for every program (--data FILE, data.train: FILE). Data "
        "below the\nfile's folder is found from there, so that both can be moved together. What "
        "changes later is noticed:\nfolders and tars by their times and what is in them when a "
        "program starts, a file's size when it is\nread. Nothing is written into the data's "
        "folder unless --out says so.\n\n"
        "Examples:\n  nndata index /data/imagenet/train\n"
        "  nndata index /data/imagenet/train --out /data/imagenet/train.index\n",
};

static void print_index(const struct index *index, const char *path)
{
    printf("%s: %" PRIu64 " samples, %" PRId64 " classes, data set %.16s", path, index_count(index),
           index_classes(index), index_hash(index));
    if (index_ignored(index) > 0)
        printf("; %" PRIu64 " other files passed over", index_ignored(index));
}

static int check(const char *data, const struct index_options *io, struct error *err)
{
    struct index *index;
    if (index_open(&index, data, io, err) < 0)
        return -1;
    const char *note = index_note(index);
    int rc = 0;
    if (!index_is_mapped(index))
        rc = error_set(err, ERROR_DATA, data, "%s%s", note ? "" : "has no index", note ? note : "");
    if (rc == 0)
        rc = index_check(index, err);
    if (rc == 0) {
        print_index(index, data);
        printf("; the index is sound\n");
    }
    index_close(index);
    return rc;
}

static int make(const char *data, const char *out, struct index_options *io, struct error *err)
{
    char *path = out ? file_join(NULL, out, err) : index_cache_path(data, io, err);
    char *folder = path ? file_folder(path, err) : NULL;
    struct index *index = NULL;
    double start = clock_seconds();
    int rc = folder ? 0 : -1;
    io->record = true;
    if (rc == 0 && !out)
        rc = file_make_folders(folder, err);
    if (rc == 0) /* before the long scan */
        rc = file_check_out(path, err);
    if (rc == 0)
        rc = index_open(&index, data, io, err);
    if (rc == 0)
        rc = index_save(index, path, err);
    if (rc == 0) {
        print_index(index, path);
        printf("; %.2f s\n", clock_seconds() - start);
    }
    index_close(index);
    free(folder);
    free(path);
    return rc;
}

int command_index(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    struct index_options io = { .classes = given.value[CLASSES].text, .allow_unlabeled = true };
    if (given.value[CHECK].flag)
        return check(given.positional[0], &io, err);
    return make(given.positional[0], given.value[OUT].text, &io, err);
}
