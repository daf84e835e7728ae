/*
 * All that can be refused is refused before the run folder is made: config, network, recipe, data.
 * Then a plain loop: take a batch, one step, and at the epoch's end validate, write, go on.
 */
#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "eval/metric.h"
#include "eval/predict.h"
#include "loader/pipeline.h"
#include "model/backprop.h"
#include "model/weights.h"
#include "train/run_folder.h"
#include "train/train_config.h"

struct trainer {
    const struct train_request *request; /* borrowed */
    struct train_config config;
    struct pipeline data; /* owned, as all below */
    struct index *val;    /* NULL: none */
    struct net *net;
    struct preprocess preprocess;
    struct schedule schedule;
    struct plateau plateau;
    struct pool *pool;
    struct backprop *backprop;
    struct optimizer *optimizer;
    struct run_folder *run;
    struct stream *stream;
    uint64_t steps; /* of an epoch */
};

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

static int fits(const struct index *index, const char *what, const struct net *net,
                struct error *err)
{
    if (index_classes(index) <= net_classes(net))
        return 0;
    return error_set(err, ERROR_DATA, what,
                     "has %" PRId64
                     " classes; the network %s has %d outputs; its YAML's `classes` and "
                     "its last layer's `out` say how many",
                     index_classes(index), net_name(net), net_classes(net));
}

static int open_data(struct trainer *t, struct error *err)
{
    const struct train_request *r = t->request;
    if (pipeline_open(&t->data, r->config, r->data, err) < 0 ||
        fits(t->data.index, "data.train", t->net, err) < 0)
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
    if (!val)
        return 0;
    struct index_options options = { .classes = t->data.data.classes };
    if (index_open(&t->val, val, &options, err) < 0 || fits(t->val, "data.val", t->net, err) < 0)
        return -1;
    return same_classes(t->data.index, t->val, err);
}

static int open_net(struct trainer *t, struct error *err)
{
    if (train_config_net(&t->net, t->request->config, err) < 0)
        return -1;
    net_init(t->net, t->config.seed);
    return 0;
}

/* The config with all defaults filled in: enough to run again. */
static json_t *resolved(const struct trainer *t, struct error *err)
{
    json_t *parts[6] = { NULL };
    parts[0] = data_config_json(&t->data.data, err);
    parts[1] = parts[0] ? recipe_json(t->data.recipe, err) : NULL;
    parts[2] = parts[1] ? mix_json(t->data.mix, err) : NULL;
    parts[3] = parts[2] ? net_json(t->net, err) : NULL;
    parts[4] = parts[3] ? param_json(train_params, t->config.train, err) : NULL;
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

static int open_run(struct trainer *t, struct error *err)
{
    const char *out = t->request->out ? t->request->out : t->config.out;
    if (!out)
        return error_set(err, ERROR_USAGE, "train.out",
                         "no folder for the results is named: give --out, or train.out in the "
                         "config");
    json_t *config = resolved(t, err);
    int rc = config ? run_folder_open(&t->run, out, t->request->overwrite, err) : -1;
    if (rc == 0)
        rc = run_folder_config(t->run, config, err);
    json_decref(config);
    return rc;
}

static int trainer_open(struct trainer *t, struct error *err)
{
    struct stream_options *o = &t->data.data.stream;
    if (train_config_read(&t->config, t->request->config, err) < 0 || open_net(t, err) < 0 ||
        open_data(t, err) < 0 ||
        train_config_preprocess(&t->config, t->data.recipe, t->net, &t->preprocess, err) < 0)
        return -1;
    t->steps = stream_epoch_steps(index_count(t->data.index), o);
    o->steps = (uint64_t)t->config.epochs * t->steps;
    if (t->config.train[TRAIN_SCHEDULE].integer == SCHEDULE_PLATEAU && !t->val)
        return error_set(err, ERROR_USAGE, "train.schedule",
                         "plateau follows the validation loss: give --val or data.val");
    if (stream_check(t->data.index, t->data.recipe, t->data.mix, o, err) < 0 ||
        train_config_schedule(&t->config, t->steps, &t->schedule, err) < 0 ||
        pool_open(&t->pool, t->config.threads, err) < 0 ||
        backprop_open(&t->backprop, t->net, (int)o->batch, t->pool, err) < 0 ||
        optimizer_open(&t->optimizer, t->net, &t->config.rule, err) < 0)
        return -1;
    t->plateau = plateau_begin(t->config.patience, t->config.threshold, t->config.gamma);
    if (open_run(t, err) < 0)
        return -1;
    if (!o->ledger)
        o->ledger = run_folder_ledger(t->run);
    return stream_open(&t->stream, t->data.index, t->data.recipe, t->data.mix, o, err);
}

static void trainer_close(struct trainer *t)
{
    stream_close(t->stream);
    run_folder_close(t->run);
    optimizer_close(t->optimizer);
    backprop_close(t->backprop);
    pool_close(t->pool);
    index_close(t->val);
    pipeline_close(&t->data);
    net_close(t->net);
}

static bool stopped(const struct trainer *t)
{
    return t->request->stop && *t->request->stop;
}

/* Sums over an epoch. */
struct tally {
    double loss; /* sum over the samples */
    uint64_t samples, correct;
};

static int log_step(struct trainer *t, uint64_t step, double loss, double lr, double rate,
                    struct error *err)
{
    return run_folder_log(t->run,
                          json_pack("{s:I, s:f, s:f, s:f, s:f}", "step", (json_int_t)step, "epoch",
                                    (double)step / (double)t->steps, "loss", loss, "lr", lr,
                                    "images_per_second", rate),
                          err);
}

static double lr_at(const struct trainer *t, uint64_t step)
{
    double lr = schedule_lr(&t->schedule, step);
    return t->schedule.kind == SCHEDULE_PLATEAU ? lr * t->plateau.times : lr;
}

/* One step. The loss is checked before the weights are touched. */
static int train_step(struct trainer *t, uint64_t step, struct tally *tally, double *loss,
                      struct error *err)
{
    struct batch batch;
    if (stream_next(t->stream, &batch, err) != 1)
        return -1;
    struct targets targets = {
        .label = batch.label,
        .label_b = batch.label_b,
        .lambda = batch.lambda,
        .weight = batch.weight,
        .soft = batch.soft,
        .smoothing = (float)t->config.label_smoothing,
    };
    uint64_t samples = 0;
    for (uint32_t i = 0; i < batch.header->count; i++)
        samples += batch.id[i] >= 0 && batch.label[i] >= 0;
    int correct;
    *loss = backprop_run(t->backprop, batch.images, (int)batch.header->count, &targets, &correct);
    stream_release(t->stream, &batch);
    if (penalty_counts(&t->config.penalty))
        *loss += penalty_add(&t->config.penalty, t->net);
    if (!isfinite(*loss))
        return error_set(err, ERROR_FAILED, run_folder_path(t->run),
                         "the loss is %g at step %" PRIu64 " (learning rate %g): training has "
                         "diverged; take a smaller train.lr or a longer train.warmup",
                         *loss, step, lr_at(t, step));
    if (t->schedule.cycles_momentum)
        optimizer_momentum(t->optimizer, schedule_momentum(&t->schedule, step));
    optimizer_step(t->optimizer, lr_at(t, step));
    tally->loss += *loss * (double)samples;
    tally->samples += samples;
    tally->correct += (uint64_t)correct;
    return 0;
}

/* Train for an epoch, or until stopped. */
static int train_epoch(struct trainer *t, int epoch, struct run_epoch *row, struct error *err)
{
    char label[48], note[96];
    snprintf(label, sizeof(label), "epoch %d/%d", epoch, t->config.epochs);
    uint32_t b = t->data.data.stream.batch;
    struct progress *progress = progress_open(label, t->steps * b, "images", t->request->quiet);
    struct tally tally = { 0 };
    double start = clock_seconds();
    uint64_t first = (uint64_t)(epoch - 1) * t->steps, done = 0;
    int rc = 0;
    while (done < t->steps && !stopped(t)) {
        double loss, lr = lr_at(t, first + done);
        rc = train_step(t, first + done, &tally, &loss, err);
        if (rc < 0)
            break;
        done++;
        row->lr = lr;
        snprintf(note, sizeof(note), "loss %.4f  lr %.3g",
                 tally.samples ? tally.loss / (double)tally.samples : 0, lr);
        progress_update(progress, done * b, note);
        if ((first + done) % (uint64_t)t->config.log_every == 0)
            rc = log_step(t, first + done, loss, lr, (double)(done * b) / (clock_seconds() - start),
                          err);
        if (rc < 0)
            break;
    }
    progress_close(progress);
    row->epoch = epoch;
    row->seconds = clock_seconds() - start;
    row->images_per_second = (double)(done * b) / row->seconds;
    if (tally.samples) {
        row->train_loss = tally.loss / (double)tally.samples;
        row->train_top1 = (double)tally.correct / (double)tally.samples;
    }
    return rc;
}

static int validate(struct trainer *t, struct run_epoch *row, struct error *err)
{
    struct predict_options options = {
        .views = t->config.views,
        .pool = t->pool,
        .exif_apply = t->data.data.stream.exif_apply,
        .progress = t->request->quiet ? NULL : "validation",
        .stop = t->request->stop,
    };
    struct prediction p;
    const struct net *net = t->net;
    if (predict(t->val, &net, &t->preprocess, 1, &options, &p, err) < 0)
        return -1;
    struct metric_score score = metric_score(p.probs, p.label, p.n, p.k);
    prediction_release(&p);
    row->validated = true;
    row->eval_loss = score.nll;
    row->eval_top1 = score.top1;
    row->eval_top5 = score.top5;
    plateau_see(&t->plateau, score.nll);
    return 0;
}

static void tell(const struct trainer *t, const struct run_epoch *row)
{
    if (!t->request->epoch)
        return;
    char line[256], val[96] = "";
    if (row->validated)
        snprintf(val, sizeof(val), "  validation: loss %.4f, top-1 %5.2f %%", row->eval_loss,
                 100 * row->eval_top1);
    snprintf(line, sizeof(line),
             "epoch %3d/%d  training: loss %.4f, top-1 %5.2f %%%s  (lr %.3g, %.1f s, %.0f "
             "images/s)",
             row->epoch, t->config.epochs, row->train_loss, 100 * row->train_top1, val, row->lr,
             row->seconds, row->images_per_second);
    t->request->epoch(t->request->context, line);
}

/* A step too long may have left weights that no number comes out of. */
static int check_weights(const struct trainer *t, const struct run_epoch *row, struct error *err)
{
    const char *broken = weights_not_finite(t->net);
    if (!broken)
        return 0;
    return error_set(err, ERROR_FAILED, run_folder_path(t->run),
                     "%s holds values that are not finite after epoch %d (learning rate %g): "
                     "training has diverged; take a smaller train.lr or a longer train.warmup",
                     broken, row->epoch, row->lr);
}

static int finish_epoch(struct trainer *t, struct run_epoch *row, struct train_result *result,
                        struct error *err)
{
    bool last = row->epoch == t->config.epochs;
    if (check_weights(t, row, err) < 0)
        return -1;
    if (t->val && (last || row->epoch % t->config.validate_every == 0) && validate(t, row, err) < 0)
        return -1;
    if (run_folder_weights(t->run, "last", t->net, &t->preprocess, row, err) < 0)
        return -1;
    if (row->validated && (result->best == 0 || row->eval_top1 > result->best_top1)) {
        if (run_folder_weights(t->run, "best", t->net, &t->preprocess, row, err) < 0)
            return -1;
        result->best = row->epoch;
        result->best_top1 = row->eval_top1;
    }
    result->epochs = row->epoch;
    result->top1 = row->eval_top1;
    if (run_folder_epoch(t->run, row, err) < 0)
        return -1;
    tell(t, row);
    return 0;
}

/* While training or validating. */
static int interrupted(struct trainer *t, const struct run_epoch *row, struct error *err)
{
    if (run_folder_weights(t->run, "last", t->net, &t->preprocess, row, err) < 0)
        return -1;
    return error_set(
        err, ERROR_INTERRUPTED, run_folder_path(t->run),
        "interrupted in epoch %d of %d; last.safetensors holds the weights as they were",
        row->epoch, t->config.epochs);
}

static int train(struct trainer *t, struct train_result *result, struct error *err)
{
    for (int epoch = 1; epoch <= t->config.epochs; epoch++) {
        struct run_epoch row = { 0 };
        if (train_epoch(t, epoch, &row, err) < 0)
            return -1;
        if (stopped(t) || finish_epoch(t, &row, result, err) < 0)
            return stopped(t) ? interrupted(t, &row, err) : -1;
    }
    return 0;
}

int train_run(const struct train_request *request, struct train_result *result, struct error *err)
{
    double start = clock_seconds();
    *result = (struct train_result){ 0 };
    struct trainer *t = memory_array(1, sizeof(*t), err);
    if (!t)
        return -1;
    t->request = request;
    int rc = trainer_open(t, err);
    if (rc == 0)
        rc = train(t, result, err);
    trainer_close(t);
    free(t);
    result->seconds = clock_seconds() - start;
    return rc;
}
