/*
 * The threads of a stream: they take pairs of places from the ring, fill and mix them.
 *
 * A bad sample with `substitute`: candidates come from the counter of (id, epoch), so the
 * substitute is as much a pure function as the sample was; it is drawn as itself, with its own id
 * and label.
 */
#include <stdio.h>
#include <string.h>

#include "loader/stream_private.h"

enum { CANDIDATES = 16 };

/* One try: pixels into the place, or -1 with the reason. */
static int try_sample(struct stream_thread *t, struct slot *slot, uint32_t place, uint64_t id,
                      uint32_t epoch, struct error *err)
{
    struct stream *s = t->stream;
    if (worker_render(t->worker, id, epoch, slot->images + place * s->sample_bytes, err) < 0)
        return -1;
    slot->label[place] = index_label(s->index, id);
    slot->id[place] = (int64_t)id;
    slot->weight[place] = 1;
    return 0;
}

static void leave_empty(const struct stream *s, struct slot *slot, uint32_t place)
{
    memset(slot->images + place * s->sample_bytes, 0, s->sample_bytes);
    slot->label[place] = -1;
    slot->id[place] = -1;
    slot->weight[place] = 0;
}

static int substitute(struct stream_thread *t, struct slot *slot, uint32_t place, uint64_t id,
                      uint32_t epoch)
{
    struct stream *s = t->stream;
    struct rng rng = rng_start(s->substitute_key, id, epoch);
    for (int i = 0; i < CANDIDATES; i++) {
        uint64_t other = rng_below(&rng, s->count);
        struct error ignored = { 0 }; /* it is in the books when its own turn comes */
        if (other != id && try_sample(t, slot, place, other, epoch, &ignored) == 0)
            return 0;
    }
    return -1;
}

bool stream_place_id(const struct stream *s, uint64_t step, uint32_t place, uint64_t *id)
{
    uint64_t position = step % s->steps_per_epoch * s->options.batch +
                        (uint64_t)s->options.rank * s->places + place;
    if (position >= s->count)
        return false;
    *id = order_at(&s->order, (uint32_t)(step / s->steps_per_epoch), position);
    return true;
}

static void fill_place(struct stream_thread *t, const struct ring_unit *unit, uint32_t place)
{
    struct stream *s = t->stream;
    struct slot *slot = unit->slot;
    struct outcome *outcome = &s->outcomes[(size_t)slot->number * s->places + place];
    uint32_t epoch = (uint32_t)(unit->step / s->steps_per_epoch);
    uint64_t id;
    outcome->warned = false;
    outcome->kind = PLACE_EMPTY;
    if (!stream_place_id(s, unit->step, place, &id)) {
        leave_empty(s, slot, place);
        return;
    }
    outcome->id = id;
    struct error err = { 0 };
    if (try_sample(t, slot, place, id, epoch, &err) == 0) {
        outcome->kind = PLACE_DELIVERED;
        const char *warning = worker_warning(t->worker);
        outcome->warned = warning != NULL;
        if (warning)
            snprintf(outcome->reason, sizeof(outcome->reason), "%s", warning);
        return;
    }
    snprintf(outcome->reason, sizeof(outcome->reason), "%.*s", (int)sizeof(outcome->reason) - 1,
             err.message);
    outcome->error = err.kind;
    if (s->options.on_error == ON_ERROR_SUBSTITUTE && substitute(t, slot, place, id, epoch) == 0) {
        outcome->kind = PLACE_SUBSTITUTED;
        return;
    }
    leave_empty(s, slot, place);
    outcome->kind = s->options.on_error == ON_ERROR_FAIL ? PLACE_FAILED : PLACE_SKIPPED;
}

static void mix_unit(const struct stream *s, const struct ring_unit *unit)
{
    struct slot *slot = unit->slot;
    uint32_t a = unit->first, b = a + 1;
    for (uint32_t place = a; place < a + unit->places; place++) {
        slot->label_b[place] = slot->label[place];
        slot->lambda[place] = 1;
    }
    if (unit->places < 2 || slot->id[a] < 0 || slot->id[b] < 0)
        return;
    uint64_t batch = unit->step % s->steps_per_epoch;
    uint64_t position = batch * s->options.batch + (uint64_t)s->options.rank * s->places + a;
    struct mix_draw draw = mix_draw(
        s->mix, batch, position, (uint32_t)(unit->step / s->steps_per_epoch), s->width, s->height);
    if (draw.kind == MIX_NONE)
        return;
    mix_apply(&draw, &s->options.form, s->width, s->height, slot->images + a * s->sample_bytes,
              slot->images + b * s->sample_bytes);
    slot->label_b[a] = slot->label[b];
    slot->label_b[b] = slot->label[a];
    slot->lambda[a] = slot->lambda[b] = (float)draw.lambda;
}

/* The labels once more, in the dense form. */
static void soften_unit(const struct stream *s, const struct ring_unit *unit)
{
    struct slot *slot = unit->slot;
    size_t k = (size_t)s->classes;
    for (uint32_t place = unit->first; place < unit->first + unit->places; place++)
        mix_soft_label(slot->label[place], s->mix ? slot->label_b[place] : slot->label[place],
                       s->mix ? (double)slot->lambda[place] : 1, s->options.label_smoothing,
                       s->classes, slot->soft + place * k);
}

void *stream_thread_main(void *argument)
{
    struct stream_thread *t = argument;
    struct ring_unit unit;
    stats_begin(t->stats);
    while (ring_take(t->stream->ring, &unit)) {
        stats_stage(t->stats, STAGE_WAIT);
        for (uint32_t i = 0; i < unit.places; i++)
            fill_place(t, &unit, unit.first + i);
        if (t->stream->mix)
            mix_unit(t->stream, &unit);
        if (t->stream->classes)
            soften_unit(t->stream, &unit);
        ring_done(t->stream->ring, &unit);
        stats_stage(t->stats, STAGE_RENDER);
    }
    return NULL;
}
