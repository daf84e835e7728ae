/*
 * Places are filled here. A bad sample with `substitute`: candidates come from the counter of (id,
 * epoch), so the substitute is as much a pure function as the sample was; it is drawn as itself,
 * with its own id and label.
 */
#include "loader/maker.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { CANDIDATES = 16 };

static int soft_classes(const struct index *index, const struct stream_options *o)
{
    if (!o->soft_labels)
        return 0;
    return o->classes ? o->classes : (int)index_classes(index);
}

int maker_init(struct maker *m, const struct index *index, const struct recipe *recipe,
               const struct mix *mix, const struct stream_options *options, struct error *err)
{
    *m = (struct maker){
        .index = index,
        .recipe = recipe,
        .mix = mix,
        .options = *options,
        .count = index_count(index),
        .steps_per_epoch = stream_epoch_steps(index_count(index), options),
        .substitute_key = rng_derive(options->augment_seed, "sample", "substitute", 0),
    };
    if (stream_check(index, recipe, mix, options, err) < 0 ||
        recipe_size(recipe, &m->width, &m->height, err) < 0)
        return -1;
    m->places = options->batch / options->world;
    m->sample_bytes = output_bytes(&options->form, m->width, m->height);
    m->classes = soft_classes(index, options);
    m->order = order_make(m->count, options->order_seed, options->shuffle);
    m->job = (struct worker_job){
        .index = index,
        .recipe = recipe,
        .resampler = options->resampler,
        .form = options->form,
        .exif_apply = options->exif_apply,
        .width = m->width,
        .height = m->height,
    };
    return 0;
}

struct slot_shape maker_shape(const struct maker *m)
{
    return (struct slot_shape){ m->places, m->sample_bytes, m->mix != NULL, m->classes };
}

bool maker_place_id(const struct maker *m, uint64_t step, uint32_t place, uint64_t *id)
{
    uint64_t position = step % m->steps_per_epoch * m->options.batch +
                        (uint64_t)m->options.rank * m->places + place;
    if (position >= m->count)
        return false;
    *id = order_at(&m->order, (uint32_t)(step / m->steps_per_epoch), position);
    return true;
}

static uint8_t *pixels_of(const struct filling *f, uint32_t place)
{
    return f->slot->images + place * f->maker->sample_bytes;
}

static void label_place(const struct filling *f, uint32_t place, uint64_t id)
{
    f->slot->label[place] = index_label(f->maker->index, id);
    f->slot->id[place] = (int64_t)id;
    f->slot->weight[place] = 1;
}

/* One try: pixels into the place, or -1 with the reason. */
static int try_sample(const struct filling *f, struct worker *worker, uint32_t place, uint64_t id,
                      uint32_t epoch, struct error *err)
{
    if (worker_render(worker, &f->maker->job, id, epoch, pixels_of(f, place), err) < 0)
        return -1;
    label_place(f, place, id);
    return 0;
}

static void leave_empty(const struct filling *f, uint32_t place)
{
    memset(pixels_of(f, place), 0, f->maker->sample_bytes);
    f->slot->label[place] = -1;
    f->slot->id[place] = -1;
    f->slot->weight[place] = 0;
}

static int substitute(const struct filling *f, struct worker *worker, uint32_t place, uint64_t id,
                      uint32_t epoch)
{
    struct rng rng = rng_start(f->maker->substitute_key, id, epoch);
    for (int i = 0; i < CANDIDATES; i++) {
        uint64_t other = rng_below(&rng, f->maker->count);
        struct error ignored = { 0 }; /* it is in the books when its own turn comes */
        if (other != id && try_sample(f, worker, place, other, epoch, &ignored) == 0)
            return 0;
    }
    return -1;
}

/* The whole of what can become of a place, for one filling alone. */
static void fill_alone(const struct filling *f, struct worker *worker, uint32_t place, uint64_t id,
                       uint32_t epoch)
{
    struct outcome *outcome = &f->outcomes[place];
    struct error err = { 0 };
    if (try_sample(f, worker, place, id, epoch, &err) == 0) {
        outcome->kind = PLACE_DELIVERED;
        const char *warning = worker_warning(worker);
        outcome->warned = warning != NULL;
        if (warning)
            snprintf(outcome->reason, sizeof(outcome->reason), "%s", warning);
        return;
    }
    snprintf(outcome->reason, sizeof(outcome->reason), "%.*s", (int)sizeof(outcome->reason) - 1,
             err.message);
    outcome->error = err.kind;
    enum on_error on_error = f->maker->options.on_error;
    if (on_error == ON_ERROR_SUBSTITUTE && substitute(f, worker, place, id, epoch) == 0) {
        outcome->kind = PLACE_SUBSTITUTED;
        return;
    }
    leave_empty(f, place);
    outcome->kind = on_error == ON_ERROR_FAIL ? PLACE_FAILED : PLACE_SKIPPED;
}

/* One image for several fillings: those for which all is well are done together, and the others one
 * by one. */
static void fill_together(const struct filling *f, int n, struct worker *worker, uint32_t place,
                          uint64_t id, uint32_t epoch)
{
    struct worker_task tasks[FILLINGS_MAX];
    for (int i = 0; i < n; i++)
        tasks[i] = (struct worker_task){ &f[i].maker->job, pixels_of(&f[i], place), false };
    worker_render_together(worker, tasks, n, id, epoch);
    for (int i = 0; i < n; i++) {
        if (!tasks[i].done) {
            fill_alone(&f[i], worker, place, id, epoch);
            continue;
        }
        label_place(&f[i], place, id);
        f[i].outcomes[place].kind = PLACE_DELIVERED;
    }
}

static void fill_place(const struct filling *f, int n, struct worker *worker, uint64_t step,
                       uint32_t place)
{
    const struct maker *m = f->maker;
    uint64_t id = 0;
    bool there = maker_place_id(m, step, place, &id);
    for (int i = 0; i < n; i++) {
        f[i].outcomes[place].warned = false;
        f[i].outcomes[place].kind = PLACE_EMPTY;
        f[i].outcomes[place].id = id;
        if (!there)
            leave_empty(&f[i], place);
    }
    uint32_t epoch = (uint32_t)(step / m->steps_per_epoch);
    if (there && n == 1)
        fill_alone(f, worker, place, id, epoch);
    else if (there)
        fill_together(f, n, worker, place, id, epoch);
}

static void mix_unit(const struct filling *f, uint64_t step, uint32_t first, uint32_t places)
{
    const struct maker *m = f->maker;
    struct slot *slot = f->slot;
    uint32_t a = first, b = a + 1;
    for (uint32_t place = a; place < a + places; place++) {
        slot->label_b[place] = slot->label[place];
        slot->lambda[place] = 1;
    }
    if (places < SLOT_UNIT || slot->id[a] < 0 || slot->id[b] < 0)
        return;
    uint64_t batch = step % m->steps_per_epoch;
    uint64_t position = batch * m->options.batch + (uint64_t)m->options.rank * m->places + a;
    struct mix_draw draw = mix_draw(m->mix, batch, position, (uint32_t)(step / m->steps_per_epoch),
                                    m->width, m->height);
    if (draw.kind == MIX_NONE)
        return;
    mix_apply(&draw, &m->options.form, m->width, m->height, pixels_of(f, a), pixels_of(f, b));
    slot->label_b[a] = slot->label[b];
    slot->label_b[b] = slot->label[a];
    slot->lambda[a] = slot->lambda[b] = (float)draw.lambda;
}

/* The labels once more, in the dense form. */
static void soften_unit(const struct filling *f, uint32_t first, uint32_t places)
{
    const struct maker *m = f->maker;
    struct slot *slot = f->slot;
    for (uint32_t place = first; place < first + places; place++)
        mix_soft_label(slot->label[place], m->mix ? slot->label_b[place] : slot->label[place],
                       m->mix ? (double)slot->lambda[place] : 1, m->options.label_smoothing,
                       m->classes, slot->soft + place * (size_t)m->classes);
}

void maker_fill(const struct filling *f, int n, struct worker *worker, uint64_t step,
                uint32_t first, uint32_t places)
{
    assert(n >= 1 && n <= FILLINGS_MAX);
    for (uint32_t i = 0; i < places; i++)
        fill_place(f, n, worker, step, first + i);
    for (int i = 0; i < n; i++) {
        if (f[i].maker->mix)
            mix_unit(&f[i], step, first, places);
        if (f[i].maker->classes)
            soften_unit(&f[i], first, places);
    }
}
