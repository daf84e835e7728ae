/*
 * A plain loop: take a batch, one step, and at the epoch's end validate, write, go on. Where it
 * stands is in struct trainer, so that it can be saved between any two steps.
 */
#include "train/trainer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/interrupt.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "eval/metric.h"
#include "eval/predict.h"
#include "model/weights.h"
#include "train/trainer_private.h"

static int stopped(const struct trainer *t)
{
    return interrupt_asked(t->request->stop);
}

static int log_step(struct trainer *t, double loss, double lr, double rate, struct error *err)
{
    return run_folder_log(t->run,
                          json_pack("{s:I, s:f, s:f, s:f, s:f}", "step", (json_int_t)t->step,
                                    "epoch", (double)t->step / (double)t->steps, "loss", loss, "lr",
                                    lr, "images_per_second", rate),
                          err);
}

/* The weights as they are at the end of a cycle: a member of a snapshot ensemble. */
static int save_snapshot(struct trainer *t, struct error *err)
{
    char name[32];
    struct run_epoch row = { .epoch = t->result.epochs + 1 };
    snprintf(name, sizeof(name), "snapshot_%d", ++t->snapshots);
    return run_folder_weights(t->run, name, t->net, &t->preprocess, &row, err);
}

/* A disk that is full now may not be later: the training goes on with the old checkpoint. */
static int save_in_passing(struct trainer *t, struct error *err)
{
    struct error why = { 0 };
    if (trainer_save(t, &why) == 0)
        return 0;
    if (run_folder_barred(t->run)) {
        *err = why;
        return -1;
    }
    t->saved = clock_seconds();
    if (t->request->warn)
        t->request->warn(t->request->context, why.place, why.message);
    return 0;
}

/* What is due between two steps. */
static int after_step(struct trainer *t, double loss, double rate, struct error *err)
{
    double lr = trainer_lr(t, t->step - 1);
    if (t->step % (uint64_t)t->config.log_every == 0 && log_step(t, loss, lr, rate, err) < 0)
        return -1;
    if (schedule_ends_cycle(&t->schedule, trainer_position(t, t->step - 1)) &&
        save_snapshot(t, err) < 0)
        return -1;
    if (t->step % t->steps != 0 && clock_seconds() - t->saved >= t->config.checkpoint_every)
        return save_in_passing(t, err);
    return 0;
}

/* Train to the end of the epoch at hand, or until stopped. */
static int train_epoch(struct trainer *t, struct run_epoch *row, struct error *err)
{
    char label[48], note[96];
    snprintf(label, sizeof(label), "epoch %d/%d", row->epoch, t->epochs);
    uint32_t b = t->data.data.stream.batch;
    struct progress *progress = progress_open(label, t->steps * b, "images", t->request->quiet);
    uint64_t first = (uint64_t)(row->epoch - 1) * t->steps, begun = t->step;
    double start = clock_seconds();
    int rc = 0;
    while (rc == 0 && t->step < first + t->steps && !stopped(t)) {
        double loss;
        rc = trainer_step(t, &loss, err);
        if (rc < 0)
            break;
        snprintf(note, sizeof(note), "loss %.4f  lr %.3g",
                 t->tally.samples ? t->tally.loss / (double)t->tally.samples : 0,
                 trainer_lr(t, t->step - 1));
        progress_update(progress, (t->step - first) * b, note);
        rc = after_step(t, loss, (double)((t->step - begun) * b) / (clock_seconds() - start), err);
    }
    progress_close(progress);
    t->tally.seconds += clock_seconds() - start;
    row->seconds = t->tally.seconds;
    row->images_per_second = (double)((t->step - first) * b) / row->seconds;
    row->lr = t->step > first ? trainer_lr(t, t->step - 1) : 0;
    if (t->tally.samples) {
        row->train_loss = t->tally.loss / (double)t->tally.samples;
        row->train_top1 = (double)t->tally.correct / (double)t->tally.samples;
    }
    return rc;
}

int trainer_validate(struct trainer *t, struct run_epoch *row, struct error *err)
{
    struct predict_options options = {
        .views = &view_protocols[t->config.views],
        .pool = t->pool,
        .exif_apply = t->data.data.stream.exif_apply,
        .progress = t->request->quiet ? NULL : "validation",
        .stop = t->request->stop,
    };
    struct prediction p;
    const struct net *net = t->net;
    net_set_fast(t->net, false); /* the numbers that nneval would give */
    int rc = predict(t->val, &net, &t->preprocess, 1, &options, &p, err);
    net_set_fast(t->net, t->config.fast);
    if (rc < 0)
        return -1;
    struct metric_score score = metric_score(p.values, p.label, p.n, p.k);
    prediction_release(&p);
    row->validated = true;
    row->eval_loss = score.nll;
    row->eval_top1 = score.top1;
    row->eval_top5 = score.top5;
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
             row->epoch, t->epochs, row->train_loss, 100 * row->train_top1, val, row->lr,
             row->seconds, row->images_per_second);
    t->request->epoch(t->request->context, line);
}

/* A step too long may have left weights that no number comes out of. */
static int check_weights(struct trainer *t, const struct run_epoch *row, struct error *err)
{
    const char *broken = weights_not_finite(t->net);
    if (!broken)
        return 0;
    t->result.diverged = true;
    return error_set(err, ERROR_FAILED, run_folder_path(t->run),
                     "%s holds values that are not finite after epoch %d (learning rate %g): "
                     "training has diverged; take a smaller train.lr or a longer train.warmup",
                     broken, row->epoch, row->lr);
}

/* Validate and keep what is best: of the averaged weights where there are such. */
static int judge(struct trainer *t, struct run_epoch *row, struct error *err)
{
    struct train_result *r = &t->result;
    bool last = trainer_ends_round(t, row->epoch);
    if (t->val && (last || row->epoch % t->config.validate_every == 0) &&
        trainer_validate(t, row, err) < 0)
        return -1;
    if (t->ema && run_folder_weights(t->run, "ema", t->net, &t->preprocess, row, err) < 0)
        return -1;
    if (!row->validated)
        return 0;
    bool better = r->best == 0 || row->eval_top1 > r->best_top1;
    if (better && run_folder_weights(t->run, "best", t->net, &t->preprocess, row, err) < 0)
        return -1;
    if (better) {
        r->best = row->epoch;
        r->best_top1 = row->eval_top1;
    }
    t->without_progress = better ? 0 : t->without_progress + 1;
    plateau_see(&t->plateau, row->eval_loss);
    return 0;
}

static int finish_epoch(struct trainer *t, struct run_epoch *row, struct error *err)
{
    if (check_weights(t, row, err) < 0)
        return -1;
    if (t->ema)
        average_swap(t->ema);
    int rc = judge(t, row, err);
    if (t->ema)
        average_swap(t->ema);
    if (rc < 0 || run_folder_weights(t->run, "last", t->net, &t->preprocess, row, err) < 0 ||
        run_folder_epoch(t->run, row, err) < 0)
        return -1;
    if (t->swa && row->epoch >= t->config.swa_start)
        average_include(t->swa);
    t->result.epochs = row->epoch;
    t->result.top1 = row->eval_top1;
    t->tally = (struct tally){ 0 };
    tell(t, row);
    if (trainer_turn(t, row, err) < 0)
        return -1;
    return save_in_passing(t, err);
}

/* While training or validating: the checkpoint is that of the last whole step. */
static int interrupted(struct trainer *t, const struct run_epoch *row, struct error *err)
{
    struct error why = { 0 };
    bool saved = trainer_save(t, &why) == 0;
    if (run_folder_weights(t->run, "last", t->net, &t->preprocess, row, err) < 0)
        return -1;
    return interrupt_error(stopped(t), saved, err, run_folder_path(t->run),
                           "interrupted in epoch %d of %d; %s", row->epoch, t->epochs,
                           saved ? "--resume goes on from here" : why.message);
}

/* The batches' daemon is gone; the training stands at a whole step. */
static int lost(struct trainer *t, struct error *err)
{
    struct error why = *err, not_saved = { 0 };
    if (trainer_save(t, &not_saved) < 0)
        return -1;
    return error_set(err, ERROR_REQUEUE, why.place,
                     "%.700s; the training is saved, and --resume goes on from here", why.message);
}

/* No progress for longer than one is willing to wait. */
static bool ends_early(const struct trainer *t)
{
    return t->config.early_stop > 0 && t->without_progress >= t->config.early_stop;
}

static int train(struct trainer *t, struct error *err)
{
    int all = t->epochs, until = t->request->until;
    int end = until > 0 && until < all ? until : all;
    if (!t->resumes && save_in_passing(t, err) < 0) /* from now on no weights are without one */
        return -1;
    while (t->result.epochs < end && !ends_early(t)) {
        struct run_epoch row = { .epoch = t->result.epochs + 1 };
        if (train_epoch(t, &row, err) < 0)
            return t->feed && feed_lost(t->feed) ? lost(t, err) : -1;
        if (stopped(t) || finish_epoch(t, &row, err) < 0)
            return stopped(t) ? interrupted(t, &row, err) : -1;
    }
    t->result.early = t->result.epochs < end;
    if (end < all && !t->result.early)
        return 0;
    return t->swa && average_calls(t->swa) > 0 ? trainer_finish_swa(t, err) : 0;
}

static const char *end_name(const struct trainer *t, int rc, const struct error *err)
{
    if (rc == 0)
        return t->result.early ? "early" : "done";
    if (err->kind == ERROR_REQUEUE || err->kind == ERROR_INTERRUPTED)
        return "stopped";
    return t->result.diverged ? "diverged" : "failed";
}

/* The log's last line: a training without it is still at work, or was killed. A disk too full for
 * it takes nothing from a training that is over. What the training ends with is returned. */
static int log_end(struct trainer *t, int rc, struct error *err)
{
    struct error why = { 0 };
    if (run_folder_barred(t->run))
        return rc;
    json_t *line =
        json_pack("{s:s, s:I, s:o*}", "ended", end_name(t, rc, err), "step", (json_int_t)t->step,
                  "reason", rc < 0 ? json_bytes(err->message) : NULL);
    if (run_folder_log(t->run, line, &why) == 0 || rc < 0)
        return rc;
    if (run_folder_barred(t->run)) {
        *err = why;
        return -1;
    }
    if (t->request->warn)
        t->request->warn(t->request->context, why.place, why.message);
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
        rc = train(t, err);
    if (t->run)
        rc = log_end(t, rc, err);
    *result = t->result;
    trainer_close(t);
    free(t);
    result->seconds = clock_seconds() - start;
    return rc;
}

int train_check(const struct train_request *request, struct error *err)
{
    struct trainer *t = memory_array(1, sizeof(*t), err);
    if (!t)
        return -1;
    t->request = request;
    int rc = trainer_open_apart(t, 0, err);
    trainer_close(t);
    free(t);
    return rc;
}
