/*
 * A training's state in and out of a checkpoint. What is not in it follows from the config: the
 * order, the draws and the schedule are functions of the step.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/progress.h"
#include "train/checkpoint.h"
#include "train/config_change.h"
#include "train/trainer_private.h"

enum { BLOCKS = 7 };

static int add_average(struct checkpoint_block *blocks, int count, const char *name,
                       struct average *average)
{
    if (!average)
        return count;
    blocks[count].name = name;
    blocks[count].values = average_block(average, &blocks[count].n);
    return count + 1;
}

/* Everything beside the net's tensors that a run of this config keeps. */
static int list_blocks(const struct trainer *t, struct checkpoint_block blocks[BLOCKS])
{
    struct optimizer_state o = optimizer_state(t->optimizer);
    int count = 0;
    for (int i = 0; i < o.blocks; i++)
        blocks[count++] =
            (struct checkpoint_block){ i == 0 ? "optimizer.0" : "optimizer.1", o.block[i], o.n };
    count = add_average(blocks, count, "ema", t->ema);
    count = add_average(blocks, count, "swa", t->swa);
    count = add_average(blocks, count, "early", t->early);
    if (t->prune) {
        blocks[count] = (struct checkpoint_block){ .name = "mask" };
        blocks[count].values = prune_block(t->prune, &blocks[count].n);
        count++;
    }
    if (t->accumulated)
        blocks[count++] = (struct checkpoint_block){ "accumulated", t->accumulated, o.n };
    return count;
}

int trainer_save(struct trainer *t, struct error *err)
{
    struct checkpoint_block blocks[BLOCKS];
    int count = list_blocks(t, blocks);
    if (run_folder_may_write(t->run, err) < 0)
        return -1;
    json_t *stream = t->feed ? feed_state(t->feed, err) : json_null();
    if (!stream)
        return -1;
    const struct train_result *r = &t->result;
    json_t *state = json_pack(
        "{s:I, s:o, s:I, s:I, s:I, s:{s:f, s:I, s:I, s:f}, s:{s:f, s:i, s:f}, s:i, s:i, s:f, s:f, "
        "s:i, "
        "s:i, s:s}",
        "step", (json_int_t)t->step, "stream", stream, "optimizer_steps",
        (json_int_t)optimizer_state(t->optimizer).steps, "ema_calls",
        (json_int_t)(t->ema ? average_calls(t->ema) : 0), "swa_calls",
        (json_int_t)(t->swa ? average_calls(t->swa) : 0), "tally", "loss", t->tally.loss, "samples",
        (json_int_t)t->tally.samples, "correct", (json_int_t)t->tally.correct, "seconds",
        t->tally.seconds, "plateau", "best", isinf(t->plateau.best) ? -1 : t->plateau.best, "bad",
        t->plateau.bad, "times", t->plateau.times, "epochs", r->epochs, "best", r->best, "top1",
        r->top1, "best_top1", r->best_top1, "without_progress", t->without_progress, "snapshots",
        t->snapshots, "summary", run_folder_table(t->run));
    if (!state) {
        json_decref(stream);
        return error_set(err, ERROR_FAILED, NULL, "no memory for the training's state");
    }
    int rc = checkpoint_save(run_folder_checkpoint(t->run), t->net, blocks, count, state,
                             t->resolved, err);
    json_decref(state);
    t->saved = clock_seconds();
    return rc;
}

/* Keys that change nothing of what is computed. */
static const char *const free_keys[] = {
    "train.threads",  "data.threads", "train.out",         "train.log_every",
    "data.slots",     "data.cache",   "data.read_ahead",   "data.train",
    "data.val",       "data.ledger",  "data.cache_memory", "train.checkpoint_every",
    "train.features", NULL,
};

int trainer_same_config(const struct trainer *t, const struct checkpoint *c, struct error *err)
{
    struct buffer text = { 0 };
    int changes = config_changes(checkpoint_config(c), t->resolved, free_keys, &text, err);
    int rc = changes < 0 ? -1 : 0;
    if (changes > 0 && !t->request->allow_changes)
        rc = error_set(err, ERROR_USAGE, "--resume",
                       "the run was begun with another config: %s; --allow-changes goes on all the "
                       "same, --overwrite begins again",
                       text.data);
    buffer_release(&text);
    return rc;
}

static int bad_state(const char *key, struct error *err)
{
    return error_set(err, ERROR_DATA, "checkpoint", "its state has no %s that can be", key);
}

static int get_count(const json_t *map, const char *key, uint64_t limit, uint64_t *value,
                     struct error *err)
{
    const json_t *found = json_object_get(map, key);
    if (!json_is_integer(found) || json_integer_value(found) < 0 ||
        (uint64_t)json_integer_value(found) > limit)
        return bad_state(key, err);
    *value = (uint64_t)json_integer_value(found);
    return 0;
}

static int get_int(const json_t *map, const char *key, int *value, struct error *err)
{
    uint64_t wide;
    if (get_count(map, key, INT32_MAX, &wide, err) < 0)
        return -1;
    *value = (int)wide;
    return 0;
}

static int get_number(const json_t *map, const char *key, double *value, struct error *err)
{
    const json_t *found = json_object_get(map, key);
    if (!json_is_number(found))
        return bad_state(key, err);
    *value = json_number_value(found);
    return 0;
}

int trainer_seek(struct trainer *t, const struct checkpoint *c, struct error *err)
{
    struct stream_options *o = &t->data.data.stream;
    const json_t *state = checkpoint_state(c), *stream = json_object_get(state, "stream");
    uint64_t all = o->steps;
    if (get_count(state, "step", INT64_MAX, &t->step, err) < 0)
        return -1;
    if (t->step > all)
        return error_set(err, ERROR_USAGE, "--resume",
                         "the run has done %" PRIu64 " steps, this config asks for %" PRIu64
                         " in all; raise train.epochs, or begin again with --overwrite",
                         t->step, all);
    if (t->step == all) {
        o->steps = 0; /* nothing is left to read */
        return 0;
    }
    if (stream_resume(stream, t->data.index, t->data.recipe, t->data.mix, o, err) < 0)
        return -1;
    if (o->start != t->step)
        return error_set(err, ERROR_DATA, "checkpoint",
                         "its stream goes on at step %" PRIu64 ", the training at %" PRIu64,
                         o->start, t->step);
    o->steps = all - o->start;
    return 0;
}

static int read_state(struct trainer *t, const json_t *state, struct error *err)
{
    const json_t *tally = json_object_get(state, "tally"),
                 *plateau = json_object_get(state, "plateau");
    const char *summary = json_string_value(json_object_get(state, "summary"));
    struct train_result *r = &t->result;
    uint64_t steps, calls, swa_calls;
    if (get_count(state, "optimizer_steps", INT64_MAX, &steps, err) < 0 ||
        get_count(state, "ema_calls", INT64_MAX, &calls, err) < 0 ||
        get_count(state, "swa_calls", INT64_MAX, &swa_calls, err) < 0 ||
        get_number(tally, "loss", &t->tally.loss, err) < 0 ||
        get_count(tally, "samples", INT64_MAX, &t->tally.samples, err) < 0 ||
        get_count(tally, "correct", INT64_MAX, &t->tally.correct, err) < 0 ||
        get_number(tally, "seconds", &t->tally.seconds, err) < 0 ||
        get_number(plateau, "best", &t->plateau.best, err) < 0 ||
        get_int(plateau, "bad", &t->plateau.bad, err) < 0 ||
        get_number(plateau, "times", &t->plateau.times, err) < 0 ||
        get_int(state, "epochs", &r->epochs, err) < 0 ||
        get_int(state, "best", &r->best, err) < 0 || get_number(state, "top1", &r->top1, err) < 0 ||
        get_number(state, "best_top1", &r->best_top1, err) < 0 ||
        get_int(state, "without_progress", &t->without_progress, err) < 0 ||
        get_int(state, "snapshots", &t->snapshots, err) < 0)
        return -1;
    if (!summary)
        return bad_state("summary", err);
    if (t->plateau.best < 0)
        t->plateau.best = INFINITY;
    optimizer_set_steps(t->optimizer, steps);
    if (t->ema)
        average_set_calls(t->ema, calls);
    if (t->swa)
        average_set_calls(t->swa, swa_calls);
    return run_folder_restore(t->run, summary, err);
}

int trainer_restore(struct trainer *t, const struct checkpoint *c, struct error *err)
{
    struct checkpoint_block blocks[BLOCKS];
    int count = list_blocks(t, blocks);
    if (checkpoint_fill(c, t->net, blocks, count, err) < 0 ||
        read_state(t, checkpoint_state(c), err) < 0)
        return -1;
    return run_folder_log(t->run, json_pack("{s:I}", "resumed", (json_int_t)t->step), err);
}
