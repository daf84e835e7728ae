/* The `data:` section of a config. */
#include "loader/stream.h"

enum {
    TRAIN,
    VAL,
    CLASSES,
    BATCH,
    SEED,
    ORDER_SEED,
    AUGMENT_SEED,
    SHUFFLE,
    LAST,
    ON_ERROR,
    MAX_BAD,
    THREADS,
    SLOTS,
    DTYPE,
    LAYOUT,
    RESAMPLER,
    EXIF,
    LEDGER,
    SOFT_LABELS,
    LABEL_SMOOTHING,
    CACHE,
    CACHE_MEMORY,
    READ_AHEAD,
    FOLDS,
    FOLD,
    FOLD_SEED
};

#define SEED_MAX 9007199254740992.0 /* 2^53: exact in every reader's numbers */

static const char *const lasts[] = { [LAST_DROP] = "drop", [LAST_KEEP] = "keep", NULL };
static const char *const on_errors[] = {
    [ON_ERROR_SUBSTITUTE] = "substitute", [ON_ERROR_SKIP] = "skip", [ON_ERROR_FAIL] = "fail", NULL
};
static const char *const dtypes[] = { "float32", "float16", "bfloat16", "uint8", NULL };
static const enum dtype dtype_values[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_U8 };
static const char *const layouts[] = { [LAYOUT_NCHW] = "nchw", [LAYOUT_NHWC] = "nhwc", NULL };
static const char *const resamplers[] = {
    [RESAMPLER_EXACT] = "exact", [RESAMPLER_FAST] = "fast", NULL
};
static const char *const caches[] = {
    [CACHE_NONE] = "none", [CACHE_BYTES] = "bytes", [CACHE_PIXELS] = "pixels", NULL
};
static const char *const exifs[] = { "ignore", "apply", NULL };

const struct param data_params[DATA_PARAMS + 1] = {
    [TRAIN] = { "train", PARAM_FILE, "",
                .help = "ImageFolder directory, tar, folder of tars, or name-{0000..0009}.tar" },
    [VAL] = { "val", PARAM_FILE, "", .help = "the same, for validation" },
    [CLASSES] = { "classes", PARAM_FILE, "",
                  .help = "CSV with columns index and folder name: how folders map to labels" },
    [BATCH] = { "batch", PARAM_INTEGER, "samples", .value = 128, .min = 1, .max = 1 << 20,
                .help = "of all ranks together" },
    [SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = SEED_MAX,
               .help = "sets order_seed and augment_seed" },
    [ORDER_SEED] = { "order_seed", PARAM_INTEGER, "", .value = -1, .min = -1, .max = SEED_MAX,
                     .help = "of the epochs' orders; -1: as seed" },
    [AUGMENT_SEED] = { "augment_seed", PARAM_INTEGER, "", .value = -1, .min = -1, .max = SEED_MAX,
                       .help = "of the augmentations' draws; -1: as seed" },
    [SHUFFLE] = { "shuffle", PARAM_FLAG, "", .value = 1, .help = "another order every epoch" },
    [LAST] = { "last", PARAM_CHOICE, "", .value = LAST_DROP, .choices = lasts,
               .help = "what becomes of a short last batch" },
    [ON_ERROR] = { "on_error", PARAM_CHOICE, "", .value = ON_ERROR_SUBSTITUTE, .choices = on_errors,
                   .help = "what a bad image does" },
    [MAX_BAD] = { "max_bad", PARAM_NUMBER, "", .value = 0.01, .min = 0, .max = 1,
                  .help = "share of an epoch's images that may be bad before the run stops" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "that decode; 0: as many as this process may use" },
    [SLOTS] = { "slots", PARAM_INTEGER, "batches", .value = 0, .min = 0, .max = 4096,
                .help = "that are made ahead; 0: 4" },
    [DTYPE] = { "dtype", PARAM_CHOICE, "", .choices = dtypes,
                .help = "of the pixels: 0..1 or normalized, or levels 0..255" },
    [LAYOUT] = { "layout", PARAM_CHOICE, "", .value = LAYOUT_NCHW, .choices = layouts,
                 .help = "of a batch of images" },
    [RESAMPLER] = { "resampler", PARAM_CHOICE, "", .value = RESAMPLER_EXACT, .choices = resamplers,
                    .help = "exact: Pillow's bits; fast: within one level of them" },
    [EXIF] = { "exif", PARAM_CHOICE, "", .choices = exifs,
               .help = "orientation; torchvision ignores it" },
    [LEDGER] = { "ledger", PARAM_FILE, "",
                 .help = "JSON lines of bad images are appended to this file" },
    [SOFT_LABELS] = { "soft_labels", PARAM_FLAG, "",
                      .help = "batches carry a share for every class, too: labels, mixing and "
                              "smoothing as one target" },
    [LABEL_SMOOTHING] = { "label_smoothing", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 0.999,
                          .help = "of soft_labels: share spread over all classes" },
    [CACHE] = { "cache", PARAM_CHOICE, "", .choices = caches,
                .help = "keep in memory, from the first epoch on, files' bytes or decoded pixels" },
    [CACHE_MEMORY] = { "cache_memory", PARAM_INTEGER, "MiB", .value = 0, .min = 0, .max = 1 << 30,
                       .help = "that it may take; 0: half of what is free" },
    [READ_AHEAD] = { "read_ahead", PARAM_INTEGER, "samples", .value = 256, .min = 0, .max = 1 << 20,
                     .help = "that are brought into the page cache in advance; 0: none" },
    [FOLDS] = { "folds", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1000,
                .help = "k-fold cross-validation: train is cut into so many parts, all but one are "
                        "trained on, and that one takes the place of val; 0: no" },
    [FOLD] = { "fold", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 999,
               .help = "which part is held out, counted from 0" },
    [FOLD_SEED] = { "fold_seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = SEED_MAX,
                    .help = "of which sample is in which part" },
    { 0 },
};

static void fill(struct data_config *data, const union value *v)
{
    struct stream_options *o = &data->stream;
    data->train = v[TRAIN].text;
    data->val = v[VAL].text;
    data->classes = v[CLASSES].text;
    data->fold = (struct index_fold){ .folds = (uint32_t)v[FOLDS].integer,
                                      .fold = (uint32_t)v[FOLD].integer,
                                      .seed = (uint64_t)v[FOLD_SEED].integer };
    *o = stream_defaults();
    o->order_seed = (uint64_t)(v[ORDER_SEED].integer < 0 ? v[SEED] : v[ORDER_SEED]).integer;
    o->augment_seed = (uint64_t)(v[AUGMENT_SEED].integer < 0 ? v[SEED] : v[AUGMENT_SEED]).integer;
    o->shuffle = v[SHUFFLE].flag;
    o->batch = (uint32_t)v[BATCH].integer;
    o->last = (enum last_batch)v[LAST].integer;
    o->on_error = (enum on_error)v[ON_ERROR].integer;
    o->max_bad = v[MAX_BAD].number;
    o->threads = (int)v[THREADS].integer;
    o->slots = (int)v[SLOTS].integer;
    o->form.dtype = dtype_values[v[DTYPE].integer];
    o->form.layout = (enum layout)v[LAYOUT].integer;
    o->resampler = (enum plan_resampler)v[RESAMPLER].integer;
    o->exif_apply = v[EXIF].integer == 1;
    o->ledger = v[LEDGER].text;
    o->soft_labels = v[SOFT_LABELS].flag;
    o->label_smoothing = v[LABEL_SMOOTHING].number;
    o->cache = (enum cache_kind)v[CACHE].integer;
    o->cache_memory = (uint64_t)v[CACHE_MEMORY].integer << 20;
    o->read_ahead = (uint32_t)v[READ_AHEAD].integer;
}

int data_config_read(struct data_config *data, const struct node *node, struct error *err)
{
    if (param_read(data_params, node, data->values, err) < 0)
        return -1;
    fill(data, data->values);
    if (data->stream.label_smoothing > 0 && !data->stream.soft_labels)
        return node_error(
            node, err,
            "label_smoothing is for soft_labels; set soft_labels: yes too, or let the "
            "trainer's loss smooth (train.label_smoothing)");
    if (data->fold.folds == 1 || (data->fold.folds > 0 && data->fold.fold >= data->fold.folds))
        return node_error(node, err,
                          "fold %u of %u folds; folds must be 0 or 2..1000, and fold below it",
                          data->fold.fold, data->fold.folds);
    return 0;
}

json_t *data_config_json(const struct data_config *data, struct error *err)
{
    return param_json(data_params, data->values, err);
}
