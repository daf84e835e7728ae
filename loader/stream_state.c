/*
 * Where a stream stands, as a small JSON, and going on from there; and what a batch holds, as two
 * numbers. docs/formats.md states both to the byte.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "loader/stream_private.h"

enum { STATE_VERSION = 1 };

int recipe_hash(const struct recipe *recipe, const struct mix *mix, const struct stream_options *o,
                char hex[65], struct error *err)
{
    json_t *augment = recipe_json(recipe, err);
    json_t *mixing = augment ? mix_json(mix, err) : NULL;
    json_t *all =
        mixing
            ? json_pack("{s:o, s:o, s:s, s:b}", "augment", augment, "mix", mixing, "resampler",
                        o->resampler == RESAMPLER_EXACT ? "exact" : "fast", "exif", o->exif_apply)
            : NULL;
    if (!mixing)
        json_decref(augment);
    char *text = all ? json_canonical(all, err) : NULL;
    json_decref(all);
    int rc = text ? sha256_of(text, strlen(text), hex, err) : -1;
    free(text);
    return rc;
}

static const char *last_name(enum last_batch last)
{
    return last == LAST_KEEP ? "keep" : "drop";
}

json_t *maker_state(const struct maker *m, uint64_t next, uint64_t bad, struct error *err)
{
    char recipe[65];
    const struct stream_options *o = &m->options;
    if (recipe_hash(m->recipe, m->mix, o, recipe, err) < 0)
        return NULL;
    uint64_t epoch = next / m->steps_per_epoch;
    uint64_t position = next % m->steps_per_epoch * o->batch;
    json_t *state =
        json_pack("{s:i, s:s, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:s, s:I}", "version",
                  STATE_VERSION, "dataset", index_hash(m->index), "recipe", recipe, "order_seed",
                  (json_int_t)o->order_seed, "augment_seed", (json_int_t)o->augment_seed, "shuffle",
                  o->shuffle, "epoch", (json_int_t)epoch, "position", (json_int_t)position, "batch",
                  (json_int_t)o->batch, "last", last_name(o->last), "bad", (json_int_t)bad);
    if (!state)
        error_set(err, ERROR_FAILED, NULL, "no memory for the stream's state");
    return state;
}

json_t *stream_state(const struct stream *s, struct error *err)
{
    uint64_t epoch = s->next_step / s->maker.steps_per_epoch;
    return maker_state(&s->maker, s->next_step, epoch == s->books.account.epoch ? s->books.bad : 0,
                       err);
}

static int misfit(const char *key, const char *found, const char *ours, struct error *err)
{
    return error_set(err, ERROR_DATA, "state",
                     "its %s is %.64s, here it is %.64s: the same batches cannot follow", key,
                     found, ours);
}

static int same_text(const json_t *state, const char *key, const char *ours, struct error *err)
{
    const char *found = json_string_value(json_object_get(state, key));
    if (!found)
        return error_set(err, ERROR_DATA, "state", "has no text \"%s\"", key);
    return strcmp(found, ours) == 0 ? 0 : misfit(key, found, ours, err);
}

static int get_number(const json_t *state, const char *key, uint64_t *value, struct error *err)
{
    const json_t *found = json_object_get(state, key);
    if (json_is_boolean(found)) {
        *value = json_is_true(found);
        return 0;
    }
    if (!json_is_integer(found) || json_integer_value(found) < 0)
        return error_set(err, ERROR_DATA, "state", "has no number \"%s\"", key);
    *value = (uint64_t)json_integer_value(found);
    return 0;
}

static int same_number(const json_t *state, const char *key, uint64_t ours, struct error *err)
{
    uint64_t found;
    if (get_number(state, key, &found, err) < 0)
        return -1;
    if (found == ours)
        return 0;
    char a[32], b[32];
    snprintf(a, sizeof(a), "%" PRIu64, found);
    snprintf(b, sizeof(b), "%" PRIu64, ours);
    return misfit(key, a, b, err);
}

int stream_resume(const json_t *state, const struct index *index, const struct recipe *recipe,
                  const struct mix *mix, struct stream_options *o, struct error *err)
{
    char hash[65];
    uint64_t epoch, position, bad;
    if (!json_is_object(state))
        return error_set(err, ERROR_DATA, "state", "is no JSON object");
    if (recipe_hash(recipe, mix, o, hash, err) < 0 ||
        same_number(state, "version", STATE_VERSION, err) < 0 ||
        same_text(state, "dataset", index_hash(index), err) < 0 ||
        same_text(state, "recipe", hash, err) < 0 ||
        same_number(state, "order_seed", o->order_seed, err) < 0 ||
        same_number(state, "augment_seed", o->augment_seed, err) < 0 ||
        same_number(state, "shuffle", o->shuffle, err) < 0 ||
        same_number(state, "batch", o->batch, err) < 0 ||
        same_text(state, "last", last_name(o->last), err) < 0 ||
        get_number(state, "epoch", &epoch, err) < 0 ||
        get_number(state, "position", &position, err) < 0 ||
        get_number(state, "bad", &bad, err) < 0)
        return -1;
    uint64_t steps = stream_epoch_steps(index_count(index), o);
    if (epoch > UINT32_MAX || position % o->batch != 0 || position / o->batch >= steps)
        return error_set(err, ERROR_DATA, "state",
                         "epoch %" PRIu64 ", position %" PRIu64
                         " is no beginning of a batch: an epoch has %" PRIu64 " batches of %u",
                         epoch, position, steps, o->batch);
    o->start = epoch * steps + position / o->batch;
    o->bad_before = bad;
    return 0;
}

/* The bytes that are hashed for one place: little-endian, no gaps. */
struct id_record {
    uint64_t position;
    int64_t id;
};
struct content_record {
    uint64_t position, pixels; /* pixels: their hash64 */
    int64_t label, label_b;
    float lambda, weight;
};

struct batch_sums batch_checksum(const struct stream *s, const struct batch *batch)
{
    return batch_sums_of(batch, s->maker.sample_bytes);
}

struct batch_sums batch_sums_of(const struct batch *batch, size_t sample_bytes)
{
    struct batch_sums sums = { 0, 0 };
    for (uint32_t i = 0; i < batch->header->count; i++) {
        struct id_record id = { batch->header->first_position + i, batch->id[i] };
        const uint8_t *pixels = (const uint8_t *)batch->images + i * sample_bytes;
        struct content_record content = {
            .position = id.position,
            .pixels = hash64(pixels, sample_bytes),
            .label = batch->label[i],
            .label_b = batch->label_b ? batch->label_b[i] : batch->label[i],
            .lambda = batch->lambda ? batch->lambda[i] : 1,
            .weight = batch->weight[i],
        };
        sums.ids += hash64(&id, sizeof(id));
        sums.content += hash64(&content, sizeof(content));
    }
    return sums;
}
