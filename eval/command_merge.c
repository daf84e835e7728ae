/* nneval merge: the files of shards into one per model, with the proof that every sample is there
 * once. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "eval/command.h"
#include "eval/merge.h"
#include "eval/prediction_folder.h"

enum { OUT, DATA, CLASSES };

static const struct param options[] = {
    [OUT] = { "out", PARAM_FILE, "",
              .help =
                  "file to write, where files are given; of a folder each model's NAME.safetensors "
                  "is written into it" },
    [DATA] = { "data", PARAM_FILE, "",
               .help = "the data set: keys and labels are compared with it, too" },
    [CLASSES] = { "classes", PARAM_FILE, "", .help = "as for nneval predict, with --data" },
    { 0 },
};

static const struct option_command command = {
    .program = "nneval merge",
    .usage = "DIR | FILE... --out FILE [options]",
    .summary = "join the files of shards, and prove that every sample is there exactly once",
    .options = options,
    .positional_min = 1,
    .positional_max = OPTION_POSITIONAL,
    .notes =
        "Samples that are missing, doubled or foreign are listed on standard output as ranges "
        "of ids;\nthe model's file is not written then, and the exit status is 3. `nneval "
        "missing DIR` names the\nshards to run again. Files of different kernel sets (other "
        "processors, another --conv) are merged\nand the mixture is named: their last bits may "
        "differ from those of one process.\n",
};

static int merge_files(const struct merge_request *r, struct error *err)
{
    struct merge_result result;
    int status = merge(r, &result, err);
    if (result.lines.size)
        fputs(result.lines.data, stdout);
    if (status == 0)
        printf("%s: %" PRIu64 " samples from %d files, each exactly once\n", r->out, result.n,
               r->count);
    if (status == 0 && result.mixed)
        fprintf(stderr,
                "nneval: note: %s was computed by several kernel sets (%s); its last bits may "
                "differ from those of one process\n",
                r->out, result.kernels);
    merge_release(&result);
    return status;
}

/* The files of a model's shards that are there, of whatever cut, in order of name. */
struct found {
    char **paths; /* owned, as the paths */
    size_t capacity;
    int count;
};

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_shard_of(const char *file, const char *name)
{
    size_t size = strlen(name);
    int shard, shards, end = 0;
    return strncmp(file, name, size) == 0 &&
           sscanf(file + size, ".shard-%d-of-%d.safetensors%n", &shard, &shards, &end) == 2 &&
           end && file[size + (size_t)end] == '\0';
}

static int find_shards(struct found *found, const char *folder, const char *name, struct error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return error_errno(err, folder, "cannot be read");
    int status = 0;
    for (struct dirent *entry; status == 0 && (entry = readdir(dir)) != NULL;) {
        if (!is_shard_of(entry->d_name, name))
            continue;
        status = memory_grow((void **)&found->paths, &found->capacity, (size_t)found->count + 1,
                             sizeof(*found->paths), err);
        if (status == 0 && (found->paths[found->count] = file_join(folder, entry->d_name, err)))
            found->count++;
        else
            status = -1;
    }
    closedir(dir);
    if (status == 0 && found->count)
        qsort(found->paths, (size_t)found->count, sizeof(*found->paths), compare_paths);
    return status;
}

static int merge_model(const struct prediction_folder *f, int model, const struct index *index,
                       struct error *err)
{
    struct found found = { 0 };
    char *out = prediction_folder_whole(f, model, err);
    int status = out ? find_shards(&found, f->path, prediction_folder_name(f, model), err) : -1;
    struct merge_request request = {
        .paths = (const char *const *)found.paths,
        .count = found.count,
        .out = out,
        .total = prediction_folder_total(f),
        .data_hash = json_string_value(json_object_get(f->request, "data_hash")),
        .model_hash = prediction_folder_hash(f, model),
        .index = index,
    };
    if (status == 0 && found.count == 0)
        status = error_set(err, ERROR_DATA, f->path,
                           "no shard of %s is there yet; `nneval missing %s` names those to run",
                           prediction_folder_name(f, model), f->path);
    else if (status == 0)
        status = merge_files(&request, err);
    for (int i = 0; i < found.count; i++)
        free(found.paths[i]);
    free(found.paths);
    free(out);
    return status;
}

/* All models, so that everything that is not there is listed. */
static int merge_folder(const char *path, const struct index *index, struct error *err)
{
    struct prediction_folder f;
    if (prediction_folder_read(&f, path, err) < 0)
        return -1;
    int status = 0;
    if (f.shards == 1)
        printf("%s: was not cut into shards; there is nothing to merge\n", path);
    for (int m = 0; f.shards > 1 && m < prediction_folder_models(&f); m++) {
        struct error why;
        if (merge_model(&f, m, index, &why) == 0)
            continue;
        if (status < 0)
            error_print(err, "nneval");
        *err = why;
        status = -1;
    }
    prediction_folder_release(&f);
    return status;
}

static int run(const struct option_values *given, struct error *err)
{
    const char *out = given->value[OUT].text, *data = given->value[DATA].text;
    bool folder = given->positional_count == 1 && file_is_folder(given->positional[0]);
    struct index_options index_options = { .classes = given->value[CLASSES].text };
    struct index *index = NULL;
    if (folder && out)
        return error_set(err, ERROR_USAGE, "--out", "is for files; a folder is merged in itself");
    if (!folder && !out && given->positional_count == 1 && !file_exists(given->positional[0]))
        return error_set(err, ERROR_DATA, given->positional[0], "does not exist");
    if (!folder && !out)
        return error_set(err, ERROR_USAGE, NULL, "--out FILE is needed where files are merged");
    if ((!folder && file_check_out(out, err) < 0) ||
        (data && index_open(&index, data, &index_options, err) < 0))
        return -1;
    struct merge_request files = {
        .paths = given->positional, .count = given->positional_count, .out = out, .index = index
    };
    int status = folder ? merge_folder(given->positional[0], index, err) : merge_files(&files, err);
    index_close(index);
    return status;
}

int command_merge(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    int rc = option_read(&command, argc, argv, &given, err);
    return rc ? rc : run(&given, err);
}
