/*
 * All that can be refused is refused before the run folder is touched: config, network, recipe,
 * data, the checkpoint to go on from.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "model/init.h"
#include "train/checkpoint.h"
#include "train/trainer_private.h"
#include "train/transfer.h"

/* Folders are numbered in order of their names, so a class that only one of the two sets has would
 * shift all behind it. */
static int same_classes(const struct index *train, const struct index *val, struct error *err)
{
    int64_t n =
        index_classes(train) > index_classes(val) ? index_classes(train) : index_classes(val);
    for (int64_t c = 0; c < n; c++) {
        const char *a = index_class_name(train, c), *b = index_class_name(val, c);
        if ((a || b) && (!a || !b || strcmp(a, b) != 0) &&
            (index_class_name(train, 0) && index_class_name(val, 0)))
            return error_set(err, ERROR_DATA, "data.val",
                             "class %" PRId64 " is %s, in the training data %s; both must have the "
                             "same class folders, or data.classes must number them",
                             c, b ? b : "missing", a ? a : "missing");
    }
    return 0;
}

/* Classes named by their folders must be as many as the outputs where `all`; numbers, also those of
 * a class file, must be below it. */
static int fits(const struct index *index, const char *what, bool all, const struct net *net,
                struct error *err)
{
    int64_t classes = index_classes(index), outputs = net_classes(net);
    bool named = index_class_name(index, 0) != NULL;
    if (named && all ? classes == outputs : classes <= outputs)
        return 0;
    return error_set(err, ERROR_DATA, what,
                     "has %" PRId64 " classes; the network %s has %" PRId64
                     " outputs; its YAML's `classes` and its last layer's `out` say how many%s",
                     classes, net_name(net), outputs,
                     classes < outputs ? ", or data.classes (CSV with columns index and folder "
                                         "name) which output each class is"
                                       : "");
}

static int open_data(struct trainer *t, struct error *err)
{
    const struct train_request *r = t->request;
    if (pipeline_open(&t->data, r->config, r->data, err) < 0 ||
        fits(t->data.index, "data.train", !t->data.data.classes, t->net, err) < 0)
        return -1;
    struct stream_options *o = &t->data.data.stream;
    if (o->form.dtype != DTYPE_F32 || o->form.layout != LAYOUT_NCHW)
        return error_set(err, ERROR_USAGE, "data.dtype",
                         "training takes dtype: float32 and layout: nchw");
    if (o->soft_labels && t->config.label_smoothing > 0)
        return error_set(err, ERROR_USAGE, "train.label_smoothing",
                         "is %g, but data.soft_labels brings finished targets; set "
                         "data.label_smoothing in its place",
                         t->config.label_smoothing);
    o->classes = net_classes(t->net);
    const char *val = r->val ? r->val : t->data.data.val;
    struct index_options options = { .classes = t->data.data.classes, .fold = t->data.data.fold };
    options.fold.held_out = true;
    if (options.fold.folds > 0) /* what is held out, whatever else there may be to validate on */
        val = r->data ? r->data : t->data.data.train;
    else if (!val)
        return 0;
    if (index_open(&t->val, val, &options, err) < 0 ||
        fits(t->val, "data.val", false, t->net, err) < 0)
        return -1;
    return same_classes(t->data.index, t->val, err);
}

static int freeze(struct net *net, const struct node *where, const char *pattern, bool on,
                  struct error *err)
{
    if (net_freeze(net, pattern, on) == 0)
        return node_error(where, err, "no weight of %s matches %s", net_name(net), pattern);
    return 0;
}

/* What has 0 times the rate is frozen as well. */
static int freeze_weights(struct trainer *t, struct error *err)
{
    const struct node *scale = t->config.lr_scale, *list = t->config.freeze;
    for (size_t i = 0; scale && i < scale->count; i++) {
        double times;
        if (scale->items[i]->kind != NODE_SCALAR || !param_number(scale->items[i]->text, &times) ||
            times < 0)
            return node_error(scale, err, "%s must be a number of 0 or more: times the rate",
                              scale->keys[i]);
        if (freeze(t->net, scale, scale->keys[i], times == 0, err) < 0)
            return -1;
    }
    for (size_t i = 0; list && i < list->count; i++)
        if (freeze(t->net, list->items[i], list->items[i]->text, true, err) < 0)
            return -1;
    return 0;
}

static int open_net(struct trainer *t, struct error *err)
{
    const struct train_config *c = &t->config;
    if (train_config_net(&t->net, t->request->config, err) < 0)
        return -1;
    net_init(t->net, c->seed);
    net_set_fast(t->net, c->fast);
    net_freeze_norm(t->net, c->train[TRAIN_FREEZE_NORM].flag);
    if (freeze_weights(t, err) < 0)
        return -1;
    if (!c->init_from || t->resumes)
        return 0;
    char *path = node_path(c->init_from, err);
    int rc = path ? transfer_load(t->net, path, c->replace, err) : -1;
    free(path);
    return rc;
}

/* A list or map that a config may have, as it stands there. */
static int put_node(json_t *section, const char *key, const struct node *node, struct error *err)
{
    if (node_is_null(node))
        return 0;
    json_t *value = node_json(node, err);
    return value && json_object_set_new(section, key, value) == 0 ? 0 : -1;
}

static json_t *train_json(const struct train_config *c, struct error *err)
{
    json_t *section = param_json(train_params, c->train, err);
    if (section && put_node(section, "replace", c->replace, err) == 0 &&
        put_node(section, "freeze", c->freeze, err) == 0 &&
        put_node(section, "lr_scale", c->lr_scale, err) == 0)
        return section;
    json_decref(section);
    return NULL;
}

/* The config with all defaults filled in: enough to run again. */
static json_t *resolve(const struct trainer *t, struct error *err)
{
    json_t *parts[6] = { NULL };
    parts[0] = data_config_json(&t->data.data, err);
    parts[1] = parts[0] ? recipe_json(t->data.recipe, err) : NULL;
    parts[2] = parts[1] ? mix_json(t->data.mix, err) : NULL;
    parts[3] = parts[2] ? net_json(t->net, err) : NULL;
    parts[4] = parts[3] ? train_json(&t->config, err) : NULL;
    parts[5] = parts[4] ? param_json(eval_params, t->config.eval, err) : NULL;
    if (!parts[5]) {
        for (int i = 0; i < 6; i++)
            json_decref(parts[i]);
        return NULL;
    }
    const struct train_request *r = t->request;
    if (r->data)
        json_object_set_new(parts[0], "train", json_bytes(r->data));
    if (r->val)
        json_object_set_new(parts[0], "val", json_bytes(r->val));
    if (r->out)
        json_object_set_new(parts[4], "out", json_bytes(r->out));
    json_t *all =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "data", parts[0], "augment", parts[1], "mix",
                  parts[2], "model", parts[3], "train", parts[4], "eval", parts[5]);
    if (!all)
        error_set(err, ERROR_FAILED, NULL, "no memory for the config as JSON");
    return all;
}

/* Where the run's files go, or NULL. */
static const char *out_folder(const struct trainer *t)
{
    return t->request->out ? t->request->out : t->config.out;
}

/* Is there a run to go on with? */
static int find_checkpoint(struct trainer *t, struct checkpoint **checkpoint, struct error *err)
{
    const char *out = out_folder(t);
    if (!out)
        return error_set(err, ERROR_USAGE, "train.out",
                         "no folder for the results is named: give --out, or train.out in the "
                         "config");
    if (!t->request->resume)
        return 0;
    if (t->request->overwrite)
        return error_set(err, ERROR_USAGE, "--resume",
                         "and --overwrite: is the run to be gone on with or removed?");
    char *path = file_join(out, RUN_CHECKPOINT, err);
    int rc = path ? 0 : -1;
    if (rc == 0 && file_exists(path))
        rc = checkpoint_open(checkpoint, path, err);
    t->resumes = *checkpoint != NULL;
    free(path);
    return rc;
}

static void scale_rates(struct trainer *t)
{
    const struct node *scale = t->config.lr_scale;
    for (size_t i = 0; scale && i < scale->count; i++) {
        double times = 0;
        if (param_number(scale->items[i]->text, &times) && times > 0)
            optimizer_scale(t->optimizer, scale->keys[i], times);
    }
}

static int open_optimizer(struct trainer *t, struct error *err)
{
    size_t n;
    net_values(t->net, &n);
    if (optimizer_open(&t->optimizer, t->net, &t->config.rule, err) < 0)
        return -1;
    scale_rates(t);
    if ((t->config.ema > 0 && average_open(&t->ema, t->net, err) < 0) ||
        (t->config.swa_start > 0 && average_open(&t->swa, t->net, err) < 0))
        return -1;
    if (t->config.prune > 0 && (prune_open(&t->prune, t->net, t->config.prune_scope, err) < 0 ||
                                average_open(&t->early, t->net, err) < 0))
        return -1;
    if (t->config.accumulate > 1)
        t->accumulated = memory_aligned(n, sizeof(*t->accumulated), err);
    return t->config.accumulate > 1 && !t->accumulated ? -1 : 0;
}

static int open_run(struct trainer *t, struct error *err)
{
    const struct train_request *r = t->request;
    enum run_mode mode = RUN_NEW;
    if (r->overwrite)
        mode = RUN_OVERWRITE;
    else if (r->resume)
        mode = t->resumes ? RUN_RESUME : RUN_RETRY;
    const struct run_guard guard = { r->may_write, r->context };
    if (run_folder_open(&t->run, out_folder(t), mode, guard, err) < 0)
        return -1;
    return run_folder_config(t->run, t->resolved, err);
}

/* Schemes that look at data see the run's first batch, of a stream of its own. */
static int init_from_data(struct trainer *t, struct error *err)
{
    if (!net_init_needs_data(t->net) || t->config.init_from || t->resumes)
        return 0;
    struct stream_options o = t->data.data.stream;
    struct stream *stream;
    struct batch batch;
    o.steps = 1;
    o.ledger = NULL;
    if (stream_open(&stream, t->data.index, t->data.recipe, t->data.mix, &o, err) < 0)
        return -1;
    int rc = stream_next(stream, &batch, err) == 1 ? 0 : -1;
    if (rc == 0) {
        rc = net_init_data(t->net, batch.images, (int)batch.header->count, t->pool, err);
        stream_release(stream, &batch);
    }
    stream_close(stream);
    return rc;
}

/* Everything that a step needs but the batches. */
static int open_parts(struct trainer *t, struct error *err)
{
    struct stream_options *o = &t->data.data.stream;
    if (open_net(t, err) < 0 || open_data(t, err) < 0 ||
        train_config_preprocess(&t->config, t->data.recipe, t->net, &t->preprocess, err) < 0)
        return -1;
    t->steps = stream_epoch_steps(index_count(t->data.index), o);
    t->epochs = trainer_epochs(&t->config);
    o->steps = (uint64_t)t->epochs * t->steps;
    if (o->steps > 0 && (uint64_t)t->config.accumulate > o->steps)
        return error_set(err, ERROR_USAGE, "train.accumulate",
                         "%d batches a step; the whole training has %" PRIu64, t->config.accumulate,
                         o->steps);
    if (stream_check(t->data.index, t->data.recipe, t->data.mix, o, err) < 0 ||
        train_config_schedule(&t->config, t->steps, &t->schedule, err) < 0 ||
        train_config_validates(&t->config, t->val != NULL, err) < 0 ||
        pool_open(&t->pool, t->config.threads, err) < 0 || init_from_data(t, err) < 0 ||
        backprop_open(&t->backprop, t->net, (int)o->batch, t->pool, err) < 0 ||
        backprop_remember(t->backprop, t->config.features, err) < 0 || open_optimizer(t, err) < 0 ||
        !(t->resolved = resolve(t, err)))
        return -1;
    t->plateau = plateau_begin(t->config.patience, t->config.threshold, t->config.gamma);
    return 0;
}

static int open_feed(struct trainer *t, const json_t *state, struct error *err)
{
    const struct feed_options feed = {
        .pipeline = &t->data,
        .config = t->request->config,
        .data = t->request->data,
        .daemon = t->request->daemon,
        .state = state,
        .soft_classes = net_classes(t->net),
    };
    return t->data.data.stream.steps == 0 ? 0 : feed_open(&t->feed, &feed, err);
}

static int open_all(struct trainer *t, const struct checkpoint *checkpoint, struct error *err)
{
    struct stream_options *o = &t->data.data.stream;
    if (open_parts(t, err) < 0)
        return -1;
    if (checkpoint &&
        (trainer_same_config(t, checkpoint, err) < 0 || trainer_seek(t, checkpoint, err) < 0))
        return -1;
    if (open_run(t, err) < 0 || (checkpoint && trainer_restore(t, checkpoint, err) < 0))
        return -1;
    if (!o->ledger)
        o->ledger = run_folder_ledger(t->run);
    const json_t *state = checkpoint ? checkpoint_state(checkpoint) : NULL;
    return open_feed(t, json_object_get(state, "stream"), err);
}

int trainer_open_apart(struct trainer *t, uint64_t steps, struct error *err)
{
    struct stream_options *o = &t->data.data.stream;
    if (train_config_read(&t->config, t->request->config, err) < 0 || open_parts(t, err) < 0)
        return -1;
    o->steps = steps;
    o->ledger = NULL;
    return open_feed(t, NULL, err);
}

int trainer_open(struct trainer *t, struct error *err)
{
    struct checkpoint *checkpoint = NULL;
    int rc = train_config_read(&t->config, t->request->config, err);
    if (rc == 0)
        rc = find_checkpoint(t, &checkpoint, err);
    if (rc == 0)
        rc = open_all(t, checkpoint, err);
    checkpoint_close(checkpoint);
    t->saved = clock_seconds();
    return rc;
}

void trainer_close(struct trainer *t)
{
    feed_close(t->feed);
    run_folder_close(t->run);
    json_decref(t->resolved);
    free(t->accumulated);
    average_close(t->early);
    prune_close(t->prune);
    average_close(t->swa);
    average_close(t->ema);
    optimizer_close(t->optimizer);
    backprop_close(t->backprop);
    pool_close(t->pool);
    index_close(t->val);
    pipeline_close(&t->data);
    preprocess_release(&t->preprocess);
    net_close(t->net);
}
