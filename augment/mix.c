#include "augment/mix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"

enum { ALPHA, P, LAMBDA, SWITCH_PROB, VALUES };
enum { PER_BATCH, PER_PAIR };
enum { MIXINGS = 2 };

static const char *const per[] = { [PER_BATCH] = "batch", [PER_PAIR] = "pair", NULL };

#define ROWS(initial)                                                                              \
    [ALPHA] = { "alpha",                                                                           \
                PARAM_NUMBER,                                                                      \
                "",                                                                                \
                .value = (initial),                                                                \
                .min = 1e-3,                                                                       \
                .max = 100,                                                                        \
                "lambda is drawn from Beta(alpha, alpha)" },                                       \
    [P] = { "p",                                                                                   \
            PARAM_NUMBER,                                                                          \
            "",                                                                                    \
            .value = 1,                                                                            \
            .min = 0,                                                                              \
            .max = 1,                                                                              \
            "probability that a batch or pair is mixed" },                                         \
    [LAMBDA] = { "lambda", PARAM_CHOICE, "", .help = "one lambda a batch, or one a pair",          \
                 .choices = per }
#define SWITCH_ROW                                                                                 \
    [SWITCH_PROB] = { "switch_prob",                                                               \
                      PARAM_NUMBER,                                                                \
                      "",                                                                          \
                      .value = 0.5,                                                                \
                      .min = 0,                                                                    \
                      .max = 1,                                                                    \
                      "share of the batches or pairs that this one gets, not the first" }

/* Only the second of a list has the switch. */
static const struct param mixup_first[] = { ROWS(0.2), { 0 } };
static const struct param mixup_second[] = { ROWS(0.2), SWITCH_ROW, { 0 } };
static const struct param cutmix_first[] = { ROWS(1), { 0 } };
static const struct param cutmix_second[] = { ROWS(1), SWITCH_ROW, { 0 } };

static const struct mixing {
    struct mix_about about;
    enum mix_kind kind;
    const struct param *params[MIXINGS]; /* by place in the list */
} mixings[] = {
    { { "mixup", "blend two pictures of a batch and their labels",
        "Zhang et al., arXiv:1710.09412; timm's Mixup", mixup_second },
      MIX_BLEND,
      { mixup_first, mixup_second } },
    { { "cutmix", "replace a rectangle by the partner's, and its share of the label",
        "Yun et al., arXiv:1905.04899; timm's Mixup(cutmix_alpha)", cutmix_second },
      MIX_CUT,
      { cutmix_first, cutmix_second } },
};

const struct mix_about *mix_about(size_t i)
{
    return i < sizeof(mixings) / sizeof(mixings[0]) ? &mixings[i].about : NULL;
}

struct mix {
    int count;
    struct {
        const struct mixing *mixing;
        union value v[VALUES];
        struct rng_key key;
    } entries[MIXINGS];
    struct rng_key switch_key;
};

static const struct mixing *find(const char *name)
{
    for (size_t i = 0; i < sizeof(mixings) / sizeof(mixings[0]); i++)
        if (name && strcmp(mixings[i].about.name, name) == 0)
            return &mixings[i];
    return NULL;
}

static int read_entry(struct mix *mix, const struct node *item, uint64_t seed, struct error *err)
{
    const struct node *values = NULL;
    const char *name = item->kind == NODE_SCALAR ? item->text : NULL;
    if (item->kind == NODE_MAP && item->count == 1) {
        name = item->keys[0];
        values = item->items[0];
    }
    const struct mixing *mixing = find(name);
    if (!mixing)
        return node_error(item, err, "%s is no mixing; must be mixup or cutmix",
                          name ? name : "this");
    union value *v = mix->entries[mix->count].v;
    mix->entries[mix->count].mixing = mixing;
    mix->entries[mix->count].key = rng_derive(seed, "batch", name, 0);
    if (param_read(mixing->params[mix->count], values, v, err) < 0)
        return -1;
    if (mix->count == 1 && mix->entries[0].mixing == mixing)
        return node_error(item, err, "%s twice; a list has one mixup and one cutmix", name);
    if (mix->count == 1 && mix->entries[0].v[LAMBDA].integer != v[LAMBDA].integer)
        return node_error(item, err, "lambda is %s, of %s it is %s; both must be the same",
                          per[v[LAMBDA].integer], mix->entries[0].mixing->about.name,
                          per[mix->entries[0].v[LAMBDA].integer]);
    mix->count++;
    return 0;
}

int mix_open(struct mix **result, const struct node *list, uint64_t augment_seed, struct error *err)
{
    *result = NULL;
    if (node_is_null(list))
        return 0;
    if (list->kind != NODE_LIST || list->count > MIXINGS)
        return node_error(list, err,
                          "mix must be a list of at most two mixings: [mixup: {alpha: 0.8}, "
                          "cutmix: {switch_prob: 0.5}]");
    if (list->count == 0)
        return 0;
    struct mix *mix = memory_array(1, sizeof(*mix), err);
    if (!mix)
        return -1;
    mix->switch_key = rng_derive(augment_seed, "batch", "switch", 0);
    for (size_t i = 0; i < list->count; i++)
        if (read_entry(mix, list->items[i], augment_seed, err) < 0) {
            free(mix);
            return -1;
        }
    *result = mix;
    return 0;
}

/* From `center` half of `side` to both sides, cut to 0..size: an odd side loses a pixel, as in the
 * paper's code and timm's. */
static void cut(int size, int center, int side, int *begin, int *length)
{
    int low = center - side / 2, high = center + side / 2;
    *begin = low < 0 ? 0 : low;
    *length = (high > size ? size : high) - *begin;
}

static void draw_box(struct mix_draw *draw, struct rng *rng, int width, int height)
{
    double ratio = sqrt(1 - draw->lambda);
    struct rect *box = &draw->box;
    int y = (int)rng_below(rng, (uint64_t)height), x = (int)rng_below(rng, (uint64_t)width);
    cut(height, y, (int)(height * ratio), &box->y, &box->height);
    cut(width, x, (int)(width * ratio), &box->x, &box->width);
    draw->lambda = 1 - (double)box->width * box->height / ((double)width * height);
}

struct mix_draw mix_draw(const struct mix *mix, uint64_t batch, uint64_t position, uint32_t epoch,
                         int width, int height)
{
    struct mix_draw draw = { .kind = MIX_NONE, .lambda = 1 };
    uint64_t id = mix->entries[0].v[LAMBDA].integer == PER_PAIR ? position / 2 : batch;
    int chosen = 0;
    if (mix->count == 2) {
        struct rng rng = rng_start(mix->switch_key, id, epoch);
        chosen = rng_uniform(&rng) < mix->entries[1].v[SWITCH_PROB].number;
    }
    const union value *v = mix->entries[chosen].v;
    struct rng rng = rng_start(mix->entries[chosen].key, id, epoch);
    if (v[P].number < 1 && !(rng_uniform(&rng) < v[P].number))
        return draw;
    draw.kind = mix->entries[chosen].mixing->kind;
    draw.lambda = rng_beta(&rng, v[ALPHA].number, v[ALPHA].number);
    if (draw.kind == MIX_CUT)
        draw_box(&draw, &rng, width, height);
    return draw;
}

json_t *mix_json(const struct mix *mix, struct error *err)
{
    json_t *list = json_array();
    for (int i = 0; mix && list && i < mix->count; i++) {
        const struct mixing *mixing = mix->entries[i].mixing;
        json_t *values = param_json(mixing->params[i], mix->entries[i].v, err);
        if (!values ||
            json_array_append_new(list, json_pack("{s:o}", mixing->about.name, values)) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    if (!list)
        error_set(err, ERROR_FAILED, NULL, "no memory for the mixing as JSON");
    return list;
}

void mix_close(struct mix *mix)
{
    free(mix);
}
