#include "augment/mix.h"

#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "base/param.h"
#include "base/rng.h"
#include "base/simd.h"

enum { ALPHA, LAMBDA };
enum { PER_BATCH, PER_PAIR };

static const char *const per[] = { [PER_BATCH] = "batch", [PER_PAIR] = "pair", NULL };

static const struct param mixup_params[] = {
    [ALPHA] = { "alpha", PARAM_NUMBER, "", .value = 0.2, .min = 1e-3, .max = 100,
                "lambda is drawn from Beta(alpha, alpha)" },
    [LAMBDA] = { "lambda", PARAM_CHOICE, "", .help = "one lambda a batch, or one a pair",
                 .choices = per },
    { 0 },
};

struct mix {
    double alpha;
    bool per_pair;
    struct rng_key key;
    union value v[PARAMS(mixup_params)];
};

int mix_open(struct mix **result, const struct node *list, uint64_t augment_seed, struct error *err)
{
    *result = NULL;
    if (node_is_null(list))
        return 0;
    if (list->kind != NODE_LIST || list->count > 1)
        return node_error(list, err,
                          "mix must be a list of at most one mixing: [mixup: {alpha: 0.2}]");
    if (list->count == 0)
        return 0;
    const struct node *item = list->items[0], *values = NULL;
    const char *name = item->kind == NODE_SCALAR ? item->text : NULL;
    if (item->kind == NODE_MAP && item->count == 1) {
        name = item->keys[0];
        values = item->items[0];
    }
    if (!name || strcmp(name, "mixup") != 0)
        return node_error(item, err, "%s is no mixing; must be mixup", name ? name : "this");
    struct mix *mix = memory_array(1, sizeof(*mix), err);
    if (!mix)
        return -1;
    if (param_read(mixup_params, values, mix->v, err) < 0) {
        free(mix);
        return -1;
    }
    mix->alpha = mix->v[ALPHA].number;
    mix->per_pair = mix->v[LAMBDA].integer == PER_PAIR;
    mix->key = rng_derive(augment_seed, "batch", "mixup", 0);
    *result = mix;
    return 0;
}

double mix_lambda(const struct mix *mix, uint64_t batch, uint64_t position, uint32_t epoch)
{
    struct rng rng = rng_start(mix->key, mix->per_pair ? position / 2 : batch, epoch);
    return rng_beta(&rng, mix->alpha, mix->alpha);
}

VECTOR_CLONES static void mix_floats(float lambda, size_t count, float *a, float *b)
{
    float rest = 1 - lambda;
    for (size_t i = 0; i < count; i++) {
        float x = a[i], y = b[i];
        a[i] = lambda * x + rest * y;
        b[i] = lambda * y + rest * x;
    }
}

/* Weights of 1/65536 that sum to one: a level mixed with itself stays. */
VECTOR_CLONES static void mix_bytes(uint32_t weight, size_t count, uint8_t *a, uint8_t *b)
{
    uint32_t rest = 65536 - weight;
    for (size_t i = 0; i < count; i++) {
        uint32_t x = a[i], y = b[i];
        a[i] = (uint8_t)((weight * x + rest * y + 32768) >> 16);
        b[i] = (uint8_t)((weight * y + rest * x + 32768) >> 16);
    }
}

typedef void convert_to(const uint16_t *bits, size_t n, float *x);
typedef void convert_from(const float *x, size_t n, uint16_t *bits);

/* Mixed as floats, rounded once. */
static void mix_shorts(float lambda, size_t count, convert_to *to_floats, convert_from *from_floats,
                       uint16_t *a, uint16_t *b)
{
    enum { BLOCK = 256 };
    float x[BLOCK], y[BLOCK];
    for (size_t i = 0; i < count; i += BLOCK) {
        size_t n = count - i < BLOCK ? count - i : BLOCK;
        to_floats(a + i, n, x);
        to_floats(b + i, n, y);
        mix_floats(lambda, n, x, y);
        from_floats(x, n, a + i);
        from_floats(y, n, b + i);
    }
}

void mix_pair(double lambda, enum dtype dtype, size_t count, void *a, void *b)
{
    if (dtype == DTYPE_U8)
        mix_bytes((uint32_t)(lambda * 65536 + 0.5), count, a, b);
    else if (dtype == DTYPE_F16)
        mix_shorts((float)lambda, count, half_to_floats, half_from_floats, a, b);
    else if (dtype == DTYPE_BF16)
        mix_shorts((float)lambda, count, bfloat_to_floats, bfloat_from_floats, a, b);
    else
        mix_floats((float)lambda, count, a, b);
}

json_t *mix_json(const struct mix *mix, struct error *err)
{
    if (!mix)
        return json_array();
    json_t *values = param_json(mixup_params, mix->v, err);
    json_t *list = values ? json_pack("[{s:o}]", "mixup", values) : NULL;
    if (!list)
        error_set(err, ERROR_FAILED, NULL, "no memory for the mixing as JSON");
    return list;
}

void mix_close(struct mix *mix)
{
    free(mix);
}
