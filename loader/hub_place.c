/* Where a consumer's batches lie, as the server tells the client. */
#include <stdio.h>

#include "loader/hub_private.h"

static void add_tensor(struct consumer_place *place, const char *name, const char *dtype,
                       size_t offset, size_t bytes, int rank, const int64_t *shape)
{
    struct place_tensor *t = &place->tensor[place->tensors++];
    *t = (struct place_tensor){
        .name = name, .dtype = dtype, .offset = offset, .bytes = bytes, .rank = rank
    };
    for (int i = 0; i < rank; i++)
        t->shape[i] = shape[i];
}

static const char *numpy_name(enum dtype dtype)
{
    return dtype == DTYPE_F32   ? "float32"
           : dtype == DTYPE_F16 ? "float16"
           : dtype == DTYPE_U8  ? "uint8"
                                : "bfloat16";
}

static void place_tensors(const struct maker *m, const struct slot_layout *at,
                          struct consumer_place *place)
{
    int64_t n = m->places, h = m->height, w = m->width;
    int64_t images[] = { n, 3, h, w }, list[] = { n, m->classes };
    if (m->options.form.layout == LAYOUT_NHWC) {
        images[1] = h;
        images[2] = w;
        images[3] = 3;
    }
    size_t words = 8 * (size_t)n, floats = 4 * (size_t)n;
    add_tensor(place, "images", numpy_name(m->options.form.dtype), at->images,
               m->sample_bytes * (size_t)n, 4, images);
    add_tensor(place, "label", "int64", at->label, words, 1, list);
    add_tensor(place, "id", "int64", at->id, words, 1, list);
    add_tensor(place, "weight", "float32", at->weight, floats, 1, list);
    if (m->mix) {
        add_tensor(place, "label_b", "int64", at->label_b, words, 1, list);
        add_tensor(place, "lambda", "float32", at->lambda, floats, 1, list);
    }
    if (m->classes)
        add_tensor(place, "soft", "float32", at->soft, floats * (size_t)m->classes, 2, list);
}

void hub_consumer_place(const struct consumer *c, const struct hub_stream *s, uint64_t next,
                        struct consumer_place *place)
{
    const struct maker *m = &s->maker;
    const struct station *at = c->now;
    *place = (struct consumer_place){
        .private = s->private,
        .next = next,
        .samples = m->count,
        .steps_per_epoch = m->steps_per_epoch,
        .classes = index_classes(m->index),
        .soft_classes = m->classes,
        .height = m->height,
        .width = m->width,
        .slots = at->ring->slots,
        .slot_bytes = at->ring->slot_bytes,
        .header_bytes = at->ring->header_bytes,
        .ring = c->local ? -1 : at->ring->fd,
        .control = at->control.fd,
        .ready = c->ready,
        .freed = c->freed,
    };
    snprintf(place->stream, sizeof(place->stream), "%s", s->name);
    place_tensors(m, &at->ring->at, place);
}

const struct consumer_place *consumer_place(const struct consumer *c)
{
    return &c->place;
}
