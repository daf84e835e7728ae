#include "eval/score_pictures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "base/memory.h"
#include "loader/decode.h"
#include "loader/index.h"

struct score_pictures {
    struct index *index; /* owned, as all below */
    struct decoder *decoder;
    struct renderer *renderer;
    struct buffer bytes;
    uint8_t *pixels;
};

/* Folders number the classes by their order unless a file says otherwise: what gives the hash that
 * the predictions have is meant. */
static int open_index(struct score_pictures *s, const struct score_result *r, const char *data,
                      const char *classes, struct error *err)
{
    struct index_options plain = { .allow_unlabeled = true },
                         named = { .classes = classes, .allow_unlabeled = true };
    struct error unfit = { 0 };
    if (index_open(&s->index, data, &plain, err) < 0)
        return -1;
    if (!*r->data_hash || !strcmp(index_hash(s->index), r->data_hash))
        return 0;
    struct index *other = NULL;
    if (classes && index_open(&other, data, &named, &unfit) == 0) {
        index_close(s->index);
        s->index = other;
        if (!strcmp(index_hash(s->index), r->data_hash))
            return 0;
    }
    return error_set(err, ERROR_DATA, data,
                     "has the hash %.12s..., the predictions are of %.12s...; --data is the data "
                     "set that was predicted%s",
                     index_hash(s->index), r->data_hash,
                     classes ? "" : ", and --classes what predict was given");
}

/* The key of a sample that is listed; NULL: it is not one of the data set. */
static const char *key_of(const struct score_pictures *s, struct score_result *r, const char *data,
                          int64_t id, struct error *err)
{
    if (id < 0 || (uint64_t)id >= index_count(s->index)) {
        error_set(err, ERROR_DATA, data,
                  "has %" PRIu64 " samples, and no sample %" PRId64
                  "; is it the data set that was predicted?",
                  index_count(s->index), id);
        return NULL;
    }
    const char *key = index_sample(s->index, (uint64_t)id).key;
    return arena_text(&r->arena, key, strlen(key), err);
}

/* Without a hash the labels must tell whether this is the data set that was predicted. */
static int check_label(const struct score_pictures *s, const struct score_result *r,
                       const char *data, int64_t id, int label, struct error *err)
{
    int64_t own = index_label(s->index, (uint64_t)id);
    if (*r->data_hash || own == label || own < 0)
        return 0;
    return error_set(err, ERROR_DATA, data,
                     "sample %" PRId64 " has label %" PRId64 ", and %d in the predictions; is this "
                     "the data set that was predicted, in its order?",
                     id, own, label);
}

static int name_samples(const struct score_pictures *s, struct score_result *r, const char *data,
                        struct error *err)
{
    for (int p = 0; p < r->predictors; p++)
        for (int i = 0; i < r->predictor[p].mistakes; i++) {
            struct score_mistake *m = &r->predictor[p].mistake[i];
            if (!(m->sample = key_of(s, r, data, m->id, err)) ||
                check_label(s, r, data, m->id, m->label, err) < 0)
                return -1;
        }
    for (int i = 0; i < r->suspects; i++) {
        struct score_suspect *x = &r->suspect[i];
        if (!(x->sample = key_of(s, r, data, x->id, err)) ||
            check_label(s, r, data, x->id, x->label, err) < 0)
            return -1;
    }
    return 0;
}

static int name_classes(const struct score_pictures *s, struct score_result *r, struct error *err)
{
    if (r->class_name || index_classes(s->index) != r->k)
        return 0;
    const char **names = arena_take(&r->arena, (size_t)r->k, sizeof(*names), err);
    if (!names)
        return -1;
    for (int c = 0; c < r->k; c++) {
        const char *name = index_class_name(s->index, c);
        if (!name)
            return 0;
        if (!(names[c] = arena_text(&r->arena, name, strlen(name), err)))
            return -1;
    }
    r->class_name = names;
    return 0;
}

int score_pictures_open(struct score_pictures **result, struct score_result *r, const char *data,
                        const char *classes, struct error *err)
{
    struct score_pictures *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    if (open_index(s, r, data, classes, err) < 0 || name_samples(s, r, data, err) < 0 ||
        name_classes(s, r, err) < 0 || decoder_open(&s->decoder, NULL, err) < 0 ||
        renderer_open(&s->renderer, err) < 0)
        goto fail;
    if (!*r->data && !(r->data = arena_text(&r->arena, data, strlen(data), err)))
        goto fail;
    *result = s;
    return 0;

fail:
    score_pictures_close(s);
    return -1;
}

/* What is larger than the box is resized to fit into it. */
static int plan_thumbnail(struct plan *plan, int width, int height, struct error *err)
{
    int longer = width > height ? width : height;
    plan_start(plan, width, height);
    if (longer <= SCORE_PICTURE_SIDE)
        return 0;
    double scale = (double)SCORE_PICTURE_SIDE / longer;
    int w = (int)(width * scale + 0.5), h = (int)(height * scale + 0.5);
    return plan_resize(plan, w > 0 ? w : 1, h > 0 ? h : 1, err);
}

/* The same words, with the image's file as their place. */
static int at_image(const struct score_pictures *s, int64_t id, struct error *err)
{
    struct error said = *err;
    char place[sizeof(err->place)];
    index_place(s->index, (uint64_t)id, place, sizeof(place));
    return error_set(err, said.kind, place, "%s", said.message);
}

int score_pictures_get(struct score_pictures *s, int64_t id, struct image *image, struct error *err)
{
    const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct decode_info info;
    struct plan plan;
    struct image source;
    int x, y;
    if (index_read(s->index, (uint64_t)id, &s->bytes, err) < 0 ||
        decode_header(s->decoder, s->bytes.data, s->bytes.size, &info, err) < 0 ||
        plan_thumbnail(&plan, info.width, info.height, err) < 0 ||
        decode_pixels(s->decoder, plan_needs(&plan), &source, &x, &y, err) < 0)
        return at_image(s, id, err);
    free(s->pixels);
    *image = (struct image){ NULL, plan.width, plan.height, (size_t)plan.width * 3 };
    s->pixels = image->pixels = memory_array((size_t)plan.height, image->stride, err);
    if (!s->pixels)
        return -1;
    return render(s->renderer, &plan, RESAMPLER_EXACT, &source, x, y, &form, s->pixels, err);
}

void score_pictures_close(struct score_pictures *s)
{
    if (!s)
        return;
    index_close(s->index);
    decoder_close(s->decoder);
    renderer_close(s->renderer);
    buffer_release(&s->bytes);
    free(s->pixels);
    free(s);
}
