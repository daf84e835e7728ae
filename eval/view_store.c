/*
 * Several networks and up to fifty views look at one image. Decoding once means that either the
 * decoded images of a group or their rendered views must be kept. Views are kept: their size is the
 * networks' and not the files' (16 photographs of a telephone would take 600 MB a thread), and
 * networks with the same geometry share them. They are kept in 8 bits, where the exact resampler
 * ends, so that nothing is lost, at a quarter of the floats' size (16 images, fifty views of
 * 224x224: 120 MB a thread). Turning a view into a network's normalized floats is one color pass.
 */
#include "eval/view_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "base/memory.h"
#include "loader/decode.h"

/* Where a view lies in the pixels. */
struct slot {
    size_t offset;
    int width, height;
    int weight;      /* 0: there is no such view */
    double frame[9]; /* from its points to those of the mean image */
};

struct view_store {
    const struct index *index; /* borrowed */
    struct view_spec spec;
    int geometries;
    int *geometry;           /* (models) which of them a model uses; owned */
    int *first_model;        /* (geometries) a model that uses it; owned */
    struct view_list *lists; /* (geometries) of the image at hand; owned */
    struct slot *slots;      /* (geometries, VIEW_MAX, places); owned */
    uint8_t *pixels;         /* owned */
    size_t used, capacity;   /* of pixels */
    float *x;                /* owned */
    size_t x_capacity;
    struct buffer bytes; /* of the file at hand */
    struct decoder *decoder;
    struct renderer *renderer;
};

static bool same_geometry(const struct preprocess *a, const struct preprocess *b)
{
    return a->size == b->size && a->resize == b->resize && a->filter == b->filter &&
           a->output.mean_image == b->output.mean_image &&
           a->tables.mean_width == b->tables.mean_width &&
           a->tables.mean_height == b->tables.mean_height;
}

static void share_geometries(struct view_store *s)
{
    for (int m = 0; m < s->spec.models; m++) {
        int g = 0;
        while (g < s->geometries &&
               !same_geometry(&s->spec.preprocesses[s->first_model[g]], &s->spec.preprocesses[m]))
            g++;
        if (g == s->geometries)
            s->first_model[s->geometries++] = m;
        s->geometry[m] = g;
    }
}

static struct slot *slot_at(const struct view_store *s, int geometry, int number, int place)
{
    return &s->slots[((size_t)geometry * VIEW_MAX + (size_t)number) * (size_t)s->spec.places +
                     (size_t)place];
}

int view_store_open(struct view_store **store, const struct index *index,
                    const struct view_spec *spec, struct error *err)
{
    struct view_store *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    s->index = index;
    s->spec = *spec;
    struct decode_options decode = { .exif_apply = spec->exif_apply, .whole = true };
    size_t models = (size_t)spec->models, slots;
    if (!size_mul(models * VIEW_MAX, (size_t)spec->places, &slots)) {
        error_set(err, ERROR_FAILED, NULL, "no memory for the views of %zu models", models);
        goto undo;
    }
    s->geometry = memory_array(models, sizeof(*s->geometry), err);
    s->first_model = s->geometry ? memory_array(models, sizeof(*s->first_model), err) : NULL;
    if (!s->first_model)
        goto undo;
    share_geometries(s);
    s->lists = memory_array((size_t)s->geometries, sizeof(*s->lists), err);
    s->slots = s->lists ? memory_array(slots, sizeof(*s->slots), err) : NULL;
    if (!s->slots || decoder_open(&s->decoder, &decode, err) < 0 ||
        renderer_open(&s->renderer, err) < 0)
        goto undo;
    *store = s;
    return 0;
undo:
    view_store_close(s);
    return -1;
}

void view_store_clear(struct view_store *s)
{
    size_t slots = (size_t)s->geometries * VIEW_MAX * (size_t)s->spec.places;
    memset(s->slots, 0, slots * sizeof(*s->slots));
    s->used = 0;
}

static struct rect rect_join(struct rect a, struct rect b)
{
    int x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
    int right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
    int bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
    return (struct rect){ x, y, right - x, bottom - y };
}

/* The views of every geometry, and the part of the image that all of them together read. */
static int list_views(struct view_store *s, int width, int height, struct rect *need,
                      struct error *err)
{
    bool any = false;
    for (int g = 0; g < s->geometries; g++) {
        if (view_list_make(s->spec.protocol, &s->spec.preprocesses[s->first_model[g]], width,
                           height, &s->lists[g], err) < 0)
            return -1;
        for (int v = 0; v < s->lists[g].count; v++) {
            struct rect r = plan_needs(&s->lists[g].view[v].plan);
            *need = any ? rect_join(*need, r) : r;
            any = true;
        }
    }
    assert(any);
    return 0;
}

static int render_view(struct view_store *s, int geometry, struct view *view, int place,
                       const struct image *image, int x, int y, struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct plan *plan = &view->plan;
    struct slot slot = { s->used, plan->width, plan->height, view->weight, { 0 } };
    memcpy(slot.frame, plan->output.frame, sizeof(slot.frame));
    plan_drop_output(plan);
    size_t bytes = output_bytes(&form, plan->width, plan->height), end;
    if (!size_add(s->used, bytes, &end))
        return error_set(err, ERROR_FAILED, NULL, "no memory for a view of %d x %d", plan->width,
                         plan->height);
    if (memory_grow((void **)&s->pixels, &s->capacity, end, 1, err) < 0 ||
        render(s->renderer, plan, RESAMPLER_EXACT, image, x, y, &form, s->pixels + s->used, err) <
            0)
        return -1;
    *slot_at(s, geometry, view->number, place) = slot;
    s->used = end;
    return 0;
}

static int load(struct view_store *s, int place, struct error *err)
{
    struct decode_info info;
    struct rect need;
    struct image image;
    int x, y;
    if (decode_header(s->decoder, s->bytes.data, s->bytes.size, &info, err) < 0 ||
        list_views(s, info.width, info.height, &need, err) < 0 ||
        decode_pixels(s->decoder, need, &image, &x, &y, err) < 0)
        return -1;
    for (int g = 0; g < s->geometries; g++)
        for (int v = 0; v < s->lists[g].count; v++)
            if (render_view(s, g, &s->lists[g].view[v], place, &image, x, y, err) < 0)
                return -1;
    return 0;
}

int view_store_load(struct view_store *s, uint64_t id, int place, struct error *err)
{
    assert(place >= 0 && place < s->spec.places);
    if (index_read(s->index, id, &s->bytes, err) < 0)
        return -1;
    return load(s, place, err) < 0 ? index_blame(s->index, id, err) : 0;
}

const char *view_store_warnings(const struct view_store *s)
{
    return decode_warnings(s->decoder);
}

int view_store_weight(const struct view_store *s, int model, int number, int place)
{
    return slot_at(s, s->geometry[model], number, place)->weight;
}

/* Room for the batch, and its shape: the views of one number have one size, since only a group of
 * one image has views that follow the image. */
static int shape_batch(struct view_store *s, int geometry, int number, struct view_batch *batch,
                       struct error *err)
{
    *batch = (struct view_batch){ 0 };
    for (int p = 0; p < s->spec.places; p++) {
        const struct slot *slot = slot_at(s, geometry, number, p);
        if (!slot->weight)
            continue;
        assert(!batch->n || (batch->w == slot->width && batch->h == slot->height));
        batch->n = p + 1;
        batch->w = slot->width;
        batch->h = slot->height;
    }
    if (!batch->n)
        return 0;
    size_t count = (size_t)batch->w * (size_t)batch->h * 3 * (size_t)batch->n;
    if (count <= s->x_capacity)
        return 0;
    /* Aligned, so that products of it do not depend on where the heap put it. */
    free(s->x);
    s->x_capacity = 0;
    s->x = memory_aligned(count, sizeof(*s->x), err);
    if (!s->x)
        return -1;
    s->x_capacity = count;
    return 0;
}

int view_store_batch(struct view_store *s, int model, int number, struct view_batch *batch,
                     struct error *err)
{
    static const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
    int geometry = s->geometry[model];
    if (shape_batch(s, geometry, number, batch, err) < 0)
        return -1;
    if (!batch->n)
        return 0;
    struct plan plan;
    renderer_tables(s->renderer, &s->spec.preprocesses[model].tables);
    plan_start(&plan, batch->w, batch->h);
    plan.output = s->spec.preprocesses[model].output;
    size_t floats = (size_t)batch->w * (size_t)batch->h * 3;
    for (int p = 0; p < batch->n; p++) {
        const struct slot *slot = slot_at(s, geometry, number, p);
        float *place = s->x + (size_t)p * floats;
        if (!slot->weight) {
            memset(place, 0, floats * sizeof(*place));
            continue;
        }
        memcpy(plan.output.frame, slot->frame, sizeof(slot->frame));
        struct image view = { s->pixels + slot->offset, batch->w, batch->h, (size_t)batch->w * 3 };
        if (render(s->renderer, &plan, RESAMPLER_EXACT, &view, 0, 0, &form, place, err) < 0)
            return -1;
    }
    batch->x = s->x;
    return 0;
}

void view_store_close(struct view_store *s)
{
    if (!s)
        return;
    renderer_close(s->renderer);
    decoder_close(s->decoder);
    buffer_release(&s->bytes);
    free(s->x);
    free(s->pixels);
    free(s->slots);
    free(s->lists);
    free(s->first_model);
    free(s->geometry);
    free(s);
}
