/*
 * Several networks and up to a hundred views look at one image. Decoding once means that either the
 * decoded images of a group or their rendered views must be kept. Views are kept: their size is the
 * networks' and not the files' (16 photographs of a telephone would take 600 MB a group), and
 * networks with the same geometry share them. They are kept in 8 bits, where the exact resampler
 * ends, so that nothing is lost, at a quarter of the floats' size (16 images, fifty views of
 * 224x224: 120 MB a group). Turning a view into a network's normalized floats is one color pass.
 */
#include "eval/view_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "base/memory.h"
#include "loader/decode.h"

/* Where a view lies in the pixels of its place. */
struct slot {
    size_t offset;
    int width, height;
    int weight;      /* 0: there is no such view */
    int shown_by;    /* number of the view with the same pixels */
    double frame[9]; /* from its points to those of the mean image */
};

/* Memory of one image's views. */
struct place {
    uint8_t *pixels; /* owned */
    size_t used, capacity;
};

struct view_store {
    struct view_spec spec;
    int numbers; /* views of an image */
    int geometries;
    int *geometry;        /* (models) which of them a model uses; owned */
    int *first_model;     /* (geometries) a model that uses it; owned */
    struct slot *slots;   /* (geometries, numbers, places); owned */
    struct place *places; /* (places); owned */
};

struct view_hand {
    const struct index *index; /* borrowed */
    struct view_list *list;    /* of the geometry at hand; owned */
    float *x;                  /* owned */
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
    return &s->slots[((size_t)geometry * (size_t)s->numbers + (size_t)number) *
                         (size_t)s->spec.places +
                     (size_t)place];
}

int view_store_open(struct view_store **store, const struct view_spec *spec, struct error *err)
{
    struct view_store *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    s->spec = *spec;
    s->numbers = view_policy_count(spec->policy);
    size_t models = (size_t)spec->models, places = (size_t)spec->places;
    s->geometry = memory_array(models, sizeof(*s->geometry), err);
    s->first_model = s->geometry ? memory_array(models, sizeof(*s->first_model), err) : NULL;
    if (!s->first_model)
        goto undo;
    share_geometries(s);
    size_t slots = (size_t)s->geometries * (size_t)s->numbers * places;
    s->slots = memory_array(slots, sizeof(*s->slots), err);
    s->places = s->slots ? memory_array(places, sizeof(*s->places), err) : NULL;
    if (!s->places)
        goto undo;
    *store = s;
    return 0;
undo:
    view_store_close(s);
    return -1;
}

int view_hand_open(struct view_hand **hand, const struct index *index, const struct view_spec *spec,
                   struct error *err)
{
    struct decode_options decode = { .exif_apply = spec->exif_apply, .whole = true };
    struct view_hand *h = memory_array(1, sizeof(*h), err);
    if (!h)
        return -1;
    h->index = index;
    h->list = memory_array(1, sizeof(*h->list), err);
    if (!h->list || decoder_open(&h->decoder, &decode, err) < 0 ||
        renderer_open(&h->renderer, err) < 0) {
        view_hand_close(h);
        return -1;
    }
    *hand = h;
    return 0;
}

void view_store_clear(struct view_store *s)
{
    size_t slots = (size_t)s->geometries * (size_t)s->numbers * (size_t)s->spec.places;
    memset(s->slots, 0, slots * sizeof(*s->slots));
    for (int p = 0; p < s->spec.places; p++)
        s->places[p].used = 0;
}

static int render_view(struct view_store *s, struct view_hand *h, struct slot *slot, int place,
                       struct view *view, const struct image *image, struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct place *memory = &s->places[place];
    struct plan *plan = &view->plan;
    *slot = (struct slot){ .offset = memory->used,
                           .width = plan->width,
                           .height = plan->height,
                           .shown_by = view->number };
    memcpy(slot->frame, plan->output.frame, sizeof(slot->frame));
    plan_drop_output(plan); /* levels are kept */
    size_t bytes = output_bytes(&form, plan->width, plan->height), end;
    if (!size_add(memory->used, bytes, &end))
        return error_set(err, ERROR_FAILED, NULL, "no memory for a view of %d x %d", plan->width,
                         plan->height);
    if (memory_grow((void **)&memory->pixels, &memory->capacity, end, 1, err) < 0 ||
        render(h->renderer, plan, RESAMPLER_EXACT, image, 0, 0, &form,
               memory->pixels + memory->used, err) < 0)
        return -1;
    slot->weight = view->weight;
    memory->used = end;
    return 0;
}

static int list_views(const struct view_store *s, int geometry, uint64_t id,
                      const struct image *image, struct view_list *list, struct error *err)
{
    const struct preprocess *p = &s->spec.preprocesses[s->first_model[geometry]];
    return s->spec.policy->samples
               ? view_list_draw(s->spec.policy, p, id, image->width, image->height, list, err)
               : view_list_make(s->spec.policy, p, image->width, image->height, list, err);
}

static int render_geometry(struct view_store *s, struct view_hand *h, int geometry, uint64_t id,
                           int place, const struct image *image, struct error *err)
{
    struct view_list *list = h->list;
    if (list_views(s, geometry, id, image, list, err) < 0)
        return -1;
    for (int v = 0; v < list->count; v++)
        if (render_view(s, h, slot_at(s, geometry, list->view[v].number, place), place,
                        &list->view[v], image, err) < 0)
            return -1;
    for (int number = 0; number < s->numbers; number++)
        slot_at(s, geometry, number, place)->shown_by = list->view[list->shown_by[number]].number;
    return 0;
}

static int load(struct view_store *s, struct view_hand *h, uint64_t id, int place,
                struct error *err)
{
    struct decode_info info;
    struct image image;
    int x, y;
    if (decode_header(h->decoder, h->bytes.data, h->bytes.size, &info, err) < 0 ||
        decode_pixels(h->decoder, (struct rect){ 0, 0, info.width, info.height }, &image, &x, &y,
                      err) < 0)
        return -1;
    for (int g = 0; g < s->geometries; g++)
        if (render_geometry(s, h, g, id, place, &image, err) < 0)
            return -1;
    return 0;
}

int view_store_load(struct view_store *s, struct view_hand *h, uint64_t id, int place,
                    struct error *err)
{
    assert(place >= 0 && place < s->spec.places);
    if (index_read(h->index, id, &h->bytes, err) < 0)
        return -1;
    return load(s, h, id, place, err) < 0 ? index_blame(h->index, id, err) : 0;
}

const char *view_hand_warnings(const struct view_hand *h)
{
    return decode_warnings(h->decoder);
}

int view_store_weight(const struct view_store *s, int model, int number, int place)
{
    return slot_at(s, s->geometry[model], number, place)->weight;
}

int view_store_shown_by(const struct view_store *s, int model, int number, int place)
{
    return slot_at(s, s->geometry[model], number, place)->shown_by;
}

/* Room for the batch, and its shape: the views of one number have one size, since only a group of
 * one image has views that follow the image. */
static int shape_batch(const struct view_store *s, struct view_hand *h, int geometry, int number,
                       struct view_batch *batch, struct error *err)
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
    size_t count = (size_t)batch->w * (size_t)batch->h * 3 * (size_t)batch->n;
    if (count <= h->x_capacity)
        return 0;
    /* Aligned, so that products of it do not depend on where the heap put it. */
    free(h->x);
    h->x_capacity = 0;
    h->x = memory_aligned(count, sizeof(*h->x), err);
    if (!h->x)
        return -1;
    h->x_capacity = count;
    return 0;
}

int view_store_batch(const struct view_store *s, struct view_hand *h, int model, int number,
                     struct view_batch *batch, struct error *err)
{
    static const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
    int geometry = s->geometry[model];
    if (shape_batch(s, h, geometry, number, batch, err) < 0)
        return -1;
    if (!batch->n)
        return 0;
    struct plan plan;
    renderer_tables(h->renderer, &s->spec.preprocesses[model].tables);
    plan_start(&plan, batch->w, batch->h);
    plan.output = s->spec.preprocesses[model].output;
    size_t floats = (size_t)batch->w * (size_t)batch->h * 3;
    for (int p = 0; p < batch->n; p++) {
        const struct slot *slot = slot_at(s, geometry, number, p);
        float *place = h->x + (size_t)p * floats;
        if (!slot->weight) {
            memset(place, 0, floats * sizeof(*place));
            continue;
        }
        memcpy(plan.output.frame, slot->frame, sizeof(slot->frame));
        struct image view = { s->places[p].pixels + slot->offset, batch->w, batch->h,
                              (size_t)batch->w * 3 };
        if (render(h->renderer, &plan, RESAMPLER_EXACT, &view, 0, 0, &form, place, err) < 0)
            return -1;
    }
    batch->x = h->x;
    return 0;
}

void view_store_close(struct view_store *s)
{
    if (!s)
        return;
    for (int p = 0; s->places && p < s->spec.places; p++)
        free(s->places[p].pixels);
    free(s->places);
    free(s->slots);
    free(s->first_model);
    free(s->geometry);
    free(s);
}

void view_hand_close(struct view_hand *h)
{
    if (!h)
        return;
    renderer_close(h->renderer);
    decoder_close(h->decoder);
    buffer_release(&h->bytes);
    free(h->x);
    free(h->list);
    free(h);
}
