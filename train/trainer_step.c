#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/progress.h"
#include "base/simd.h"
#include "model/weights.h"
#include "train/trainer_private.h"

double trainer_lr(const struct trainer *t, uint64_t step)
{
    double lr = schedule_lr(&t->schedule, trainer_position(t, step));
    return t->schedule.kind == SCHEDULE_PLATEAU ? lr * t->plateau.times : lr;
}

/* Where the first number that is none came from: an image, a weight or the output of a layer. */
static int diverged(struct trainer *t, const struct batch *batch, double loss, struct error *err)
{
    struct shape in = net_input(t->net);
    size_t n = (size_t)batch->header->count * (size_t)in.c * (size_t)in.h * (size_t)in.w;
    const float *x = batch->images;
    const char *what = "the loss itself", *name = "";
    size_t i = 0;
    while (i < n && isfinite(x[i]))
        i++;
    if (i < n)
        what = "an image of the batch";
    else if ((name = weights_not_finite(t->net)))
        what = "weight ";
    else if ((name = backprop_not_finite(t->backprop, (int)batch->header->count)))
        what = "the output of layer ";
    else
        name = "";
    t->result.diverged = true;
    return error_set(err, ERROR_FAILED, run_folder_path(t->run),
                     "the loss is %g at step %" PRIu64 " (learning rate %g); the first that is not "
                     "finite is %s%s: training has diverged; take a smaller train.lr, a longer "
                     "train.warmup or train.clip_norm",
                     isnan(loss) ? fabs(loss) : loss, t->step, trainer_lr(t, t->step), what, name);
}

VECTOR_CLONES static void add_to(float *sum, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

VECTOR_CLONES static void take_mean(float *sum, float *mean, size_t n, float share)
{
    for (size_t i = 0; i < n; i++) {
        mean[i] = sum[i] * share;
        sum[i] = 0;
    }
}

/* Gather the gradient; is it time for a step? */
static bool gather(struct trainer *t)
{
    uint64_t batches = (uint64_t)t->config.accumulate;
    if (!t->accumulated)
        return true;
    size_t n;
    float *g = net_gradients(t->net, &n);
    add_to(t->accumulated, g, n);
    if ((t->step + 1) % batches != 0)
        return false;
    take_mean(t->accumulated, g, n, 1 / (float)batches);
    return true;
}

static void learn(struct trainer *t)
{
    if (t->schedule.cycles_momentum)
        optimizer_momentum(t->optimizer,
                           schedule_momentum(&t->schedule, trainer_position(t, t->step)));
    if (t->prune)
        prune_gradients(t->prune);
    optimizer_step(t->optimizer, trainer_lr(t, t->step));
    if (t->ema)
        average_follow(t->ema, t->config.ema);
}

double trainer_learn(struct trainer *t, const struct batch *batch)
{
    struct targets targets = {
        .loss = t->config.loss,
        .label = batch->label,
        .label_b = batch->label_b,
        .lambda = batch->lambda,
        .weight = batch->weight,
        .soft = batch->soft,
        .smoothing = (float)t->config.label_smoothing,
    };
    uint64_t samples = 0;
    for (uint32_t i = 0; i < batch->header->count; i++)
        samples += batch->id[i] >= 0 && batch->label[i] >= 0;
    backprop_chance(t->backprop, t->config.seed, t->step * t->data.data.stream.batch);
    int correct;
    double loss =
        backprop_run(t->backprop, batch->images, (int)batch->header->count, &targets, &correct);
    if (!isfinite(loss))
        return loss;
    bool due = gather(t);
    if (due && penalty_counts(&t->config.penalty))
        loss += penalty_add(&t->config.penalty, t->net);
    if (due)
        learn(t);
    t->step++;
    t->tally.loss += loss * (double)samples;
    t->tally.samples += samples;
    t->tally.correct += (uint64_t)correct;
    return loss;
}

int trainer_step(struct trainer *t, double *loss, struct error *err)
{
    struct batch batch;
    if (feed_next(t->feed, &batch, err) < 0)
        return -1;
    *loss = trainer_learn(t, &batch);
    int rc = isfinite(*loss) ? 0 : diverged(t, &batch, *loss, err);
    feed_release(t->feed, &batch);
    return rc;
}
