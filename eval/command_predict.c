/* nneval predict: what models say about a data set, or a shard of it, into files. */
#include <inttypes.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "eval/command.h"
#include "eval/predict_shard.h"
#include "eval/sampling.h"
#include "eval/shard_option.h"

enum {
    DATA,
    MODEL,
    OUT,
    VIEWS,
    KIND,
    KEEP,
    SHARD,
    BATCH,
    THREADS,
    CLASSES,
    EXIF,
    CONV,
    SAMPLES,
    RECIPE,
    SEED,
    SIZE,
    RESIZE,
    FILTER
};

static const char *const filter_names[] = { "any", "bilinear", "bicubic", "nearest", NULL };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .required = true,
               .help = "images: ImageFolder directory, tar, folder of tars, or "
                       "name-{0000..0009}.tar" },
    [MODEL] = { "model", PARAM_FILE, "", .required = true,
                .help = "weights that carry their network, or NET.yaml=WEIGHTS; repeatable: every "
                        "image is decoded once for all" },
    [OUT] = { "out", PARAM_FILE, "", .required = true,
              .help = "folder for one file per model and shard; what is there already is not done "
                      "again" },
    [VIEWS] = { "views", PARAM_TEXT, "", .initial = "1crop",
                .help = "1crop, hflip, 10crop, dense, 5x10, or words such as \"scales=224,256 "
                        "crops=center,corners flip=yes\"" },
    [KIND] = { "kind", PARAM_CHOICE, "", .choices = prediction_kind_names,
               .help = "probs: softmax of each view, then their mean; logits: the mean of the "
                       "views' logits" },
    [KEEP] = { "keep-views", PARAM_CHOICE, "", .choices = keep_views_names,
               .help = "keep every view's values, too, in this type" },
    [SHARD] = { "shard", PARAM_TEXT, "", .initial = "0/1",
                .help = "I/N: the I-th (from 0) of N parts; slurm: that of this task of a job "
                        "array" },
    [BATCH] = { "batch", PARAM_INTEGER, "images", .value = 0, .min = 0, .max = 65536,
                .help = "in work at a time, in groups of 16; 0: enough to keep the threads busy; "
                        "the result does not depend on it" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "0: as many as this process may use; the result does not depend on it" },
    [CLASSES] = { "classes", PARAM_FILE, "",
                  .help =
                      "CSV with columns index and folder name: which output each class folder is" },
    [EXIF] = { "exif", PARAM_FLAG, "", .help = "turn photographs as their EXIF orientation says" },
    [CONV] = { "conv", PARAM_CHOICE, "", .choices = members_conv_names,
               .help = "fast: 3x3 convolutions in Winograd's tiles of 4x4, which round more "
                       "coarsely; the files and tables say so" },
    [SAMPLES] = { "samples", PARAM_INTEGER, "", .value = 0, .min = 0, .max = VIEW_MAX,
                  .help = "in place of views: so many draws of what the network's layers draw in "
                          "training (dropout), and of --recipe" },
    [RECIPE] = { "recipe", PARAM_FILE, "",
                 .help = "config whose `augment` list --samples draws from; without it the draws "
                         "see 1crop" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
               .help = "of --samples" },
    [SIZE] = { "size", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 4096,
               .help = "refuse models whose input is not of this size; 0: any" },
    [RESIZE] = { "resize", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 8192,
                 .help = "refuse models that are not for this short side; 0: any" },
    [FILTER] = { "filter", PARAM_CHOICE, "", .choices = filter_names,
                 .help = "refuse models that are not for this filter" },
    { 0 },
};

static const struct option_command command = {
    .program = "nneval predict",
    .usage = "--data DATA --model W [--model W2 ...] --out DIR [options]",
    .summary = "write what models say about a data set, or a shard of it, into files",
    .options = options,
    .notes = "Examples:\n"
             "  nneval predict --data val --model a.safetensors --model b.safetensors --views "
             "10crop --out preds\n"
             "  nneval predict ... --out preds --shard 3/16; nneval merge preds\n"
             "  sbatch --array=0-15 --wrap 'nneval predict ... --out preds --shard slurm'\n"
             "\n"
             "Killed and run again, it goes on where it was; SIGTERM, SIGUSR1 and SIGINT end it in "
             "order. Exit\nstatus: 0 done, 1 failed, 2 wrong usage, 3 data or weights refused, 75 "
             "run it again, 130 interrupted.\n",
};

static int check_preprocess(const struct members *m, const union value *v, struct error *err)
{
    for (int i = 0; i < m->count; i++) {
        const struct preprocess *p = &m->preprocesses[i];
        int64_t size = v[SIZE].integer, resize = v[RESIZE].integer, filter = v[FILTER].integer;
        if (size && p->size != size)
            return error_set(err, ERROR_USAGE, m->names[i],
                             "is for inputs of %d pixels and --size %" PRId64
                             " was asked for; leave --size out, or take a network that was "
                             "trained at that size",
                             p->size, size);
        if (resize && p->resize != resize)
            return error_set(err, ERROR_USAGE, m->names[i],
                             "is for a short side of %d pixels and --resize %" PRId64
                             " was asked for; leave --resize out, or change `resize` in its "
                             "preprocessing",
                             p->resize, resize);
        if (filter && (int)p->filter != filter - 1)
            return error_set(err, ERROR_USAGE, m->names[i],
                             "is for the %s filter and --filter %s was asked for; leave --filter "
                             "out, or change `filter` in its preprocessing",
                             filter_names[p->filter + 1], filter_names[filter]);
    }
    return 0;
}

static void tell(const struct shard_request *r, const struct shard_result *result)
{
    if (result->begun_anew)
        fprintf(stderr,
                "nneval: note: what shard %d had was computed by other kernels, and was begun "
                "anew\n",
                r->shard);
    printf("%s: shard %d of %d, %" PRIu64 " images, %" PRIu64 " of them there already\n", r->folder,
           r->shard, r->shards, result->images, result->found);
}

static int predict_all(const struct option_values *given, struct shard_request *r,
                       const struct members *members, const struct index *index, struct error *err)
{
    int warnings = 0;
    struct pool *pool = NULL;
    struct shard_result result;
    char label[VIEW_TEXT];
    view_policy_print(r->options.views, label);
    r->members = members;
    r->index = index;
    r->options.warn = command_warn;
    r->options.context = &warnings;
    r->options.progress = label;
    r->options.stop = interrupt_catch();
    if (pool_open(&pool, (int)given->value[THREADS].integer, err) < 0)
        return -1;
    r->options.pool = pool;
    int status = predict_shard(r, &result, err);
    pool_close(pool);
    command_warned(warnings);
    if (status == 0)
        tell(r, &result);
    return status;
}

static int run(const struct option_values *given, struct error *err)
{
    const union value *v = given->value;
    struct sampling sampling = { 0 };
    struct shard_option shard;
    struct members members = { 0 };
    struct index *index = NULL;
    struct index_options index_options = { .classes = v[CLASSES].text };
    bool samples = v[SAMPLES].integer > 0;
    if ((samples && given->given[VIEWS]) ||
        (!samples && (given->given[RECIPE] || given->given[SEED])))
        return error_set(err, ERROR_USAGE, "--samples",
                         "goes with --recipe and --seed, and without --views");
    if (view_policy_read(&sampling.policy, v[VIEWS].text, err) < 0 ||
        shard_option_read(&shard, v[SHARD].text, v[OUT].text, err) < 0)
        return -1;
    struct shard_request request = {
        .folder = v[OUT].text,
        .keep = (enum keep_views)v[KEEP].integer,
        .shard = shard.shard,
        .shards = shard.shards,
        .array_first = shard.array_first,
        .array_step = shard.array_step,
        .options = { .views = &sampling.policy,
                     .kind = (enum prediction_kind)v[KIND].integer,
                     .batch = (int)v[BATCH].integer,
                     .exif_apply = v[EXIF].flag },
    };
    int status = -1;
    if (members_open(&members, given->repeat[MODEL], given->repeat_count[MODEL], err) < 0)
        return -1;
    members_set_fast(&members, v[CONV].integer == 1);
    if (check_preprocess(&members, v, err) == 0 &&
        (!samples || sampling_open(&sampling, (int)v[SAMPLES].integer, (uint64_t)v[SEED].integer,
                                   v[RECIPE].text, &members, err) == 0) &&
        index_open(&index, v[DATA].text, &index_options, err) == 0 &&
        members_fit(&members, index, v[DATA].text, v[CLASSES].text, err) == 0)
        status = predict_all(given, &request, &members, index, err);
    index_close(index);
    sampling_close(&sampling);
    members_close(&members);
    return status;
}

int command_predict(int argc, char **argv, struct error *err)
{
    static struct option_values given; /* too large for comfort on the stack */
    int rc = option_read(&command, argc, argv, &given, err);
    return rc ? rc : run(&given, err);
}
