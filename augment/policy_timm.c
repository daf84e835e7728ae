#include "augment/policy_timm.h"

#include <stdio.h>
#include <string.h>

#define LEVELS 10.0 /* _LEVEL_DENOM: where the scale ends */
#define UNIFORM 100 /* mstd above it is infinite */

/* _RAND_TRANSFORMS, in its order. */
static const enum policy_op ops[] = {
    POLICY_AUTOCONTRAST, POLICY_EQUALIZE,    POLICY_INVERT,       POLICY_ROTATE,
    POLICY_POSTERIZE,    POLICY_SOLARIZE,    POLICY_SOLARIZE_ADD, POLICY_COLOR,
    POLICY_CONTRAST,     POLICY_BRIGHTNESS,  POLICY_SHARPNESS,    POLICY_SHEAR_X,
    POLICY_SHEAR_Y,      POLICY_TRANSLATE_X, POLICY_TRANSLATE_Y,
};
enum { OPS = sizeof(ops) / sizeof(ops[0]) };

static int read_key(const char *item, size_t size, struct policy_timm *timm)
{
    char key[8], digits[32];
    size_t letters = strcspn(item, "0123456789.");
    double value;
    if (letters >= size || letters >= sizeof(key) || size - letters >= sizeof(digits))
        return -1;
    snprintf(key, sizeof(key), "%.*s", (int)letters, item);
    snprintf(digits, sizeof(digits), "%.*s", (int)(size - letters), item + letters);
    if (!param_number(digits, &value) || value > 1e6)
        return -1;
    bool whole = value == (double)(int)value;
    if (strcmp(key, "m") == 0)
        timm->magnitude = value;
    else if (strcmp(key, "n") == 0 && whole && value >= 1)
        timm->num_ops = (int)value;
    else if (strcmp(key, "mstd") == 0)
        timm->mstd = value;
    else if (strcmp(key, "mmax") == 0 && value > 0)
        timm->magnitude_max = value;
    else if (strcmp(key, "p") == 0 && value <= 1)
        timm->op_p = value;
    else if (strcmp(key, "inc") == 0 && whole)
        timm->inc = value != 0;
    else
        return -1;
    return 0;
}

int policy_timm_parse(const char *text, struct policy_timm *timm, const struct node *node,
                      struct error *err)
{
    *timm = (struct policy_timm){
        .num_ops = 2, .magnitude = LEVELS, .magnitude_max = LEVELS, .op_p = 0.5
    };
    bool good = strncmp(text, "rand", 4) == 0 && (text[4] == '\0' || text[4] == '-');
    for (const char *item = text + 4; good && *item;) {
        size_t size = strcspn(item + 1, "-");
        good = read_key(item + 1, size, timm) == 0;
        item += 1 + size;
    }
    if (!good)
        return node_error(node, err,
                          "%.60s is none of timm's strings: must be like rand-m9-mstd0.5-inc1, of "
                          "m (magnitude), n (operations), mstd, mmax, p (0..1) and inc",
                          text);
    return 0;
}

struct policy_step policy_timm_step(enum policy_op op, double level, bool inc, bool minus,
                                    int width, int height)
{
    double part = level / LEVELS, sign = minus ? -1 : 1, magnitude = 0;
    int bits = (int)(part * 4), threshold = (int)(part * 256), addition = (int)(part * 110);
    switch (op) {
    case POLICY_ROTATE:
        magnitude = sign * part * 30;
        break;
    case POLICY_POSTERIZE:
        magnitude = inc ? 4 - bits : bits;
        break;
    case POLICY_SOLARIZE:
        threshold = threshold < 256 ? threshold : 256;
        magnitude = inc ? 256 - threshold : threshold;
        break;
    case POLICY_SOLARIZE_ADD:
        magnitude = addition < 128 ? addition : 128;
        break;
    case POLICY_COLOR:
    case POLICY_CONTRAST:
    case POLICY_BRIGHTNESS:
    case POLICY_SHARPNESS:
        magnitude = inc ? sign * part * 0.9 : part * 1.8 + 0.1 - 1;
        magnitude = inc && magnitude < -0.9 ? -0.9 : magnitude; /* a factor of at least 0.1 */
        break;
    case POLICY_SHEAR_X:
    case POLICY_SHEAR_Y:
        magnitude = sign * part * 0.3;
        break;
    case POLICY_TRANSLATE_X:
        magnitude = sign * part * 0.45 * width;
        break;
    case POLICY_TRANSLATE_Y:
        magnitude = sign * part * 0.45 * height;
        break;
    default:
        break;
    }
    magnitude = op == POLICY_POSTERIZE && magnitude < 0 ? 0 : magnitude;
    return (struct policy_step){ op, magnitude };
}

struct policy_step policy_timm_draw(const struct policy_timm *timm, struct rng *rng, int width,
                                    int height)
{
    enum policy_op op = ops[rng_below(rng, OPS)];
    double chance = rng_uniform(rng), level = timm->magnitude;
    bool minus = rng_below(rng, 2);
    if (timm->mstd > UNIFORM)
        level = rng_range(rng, 0, level);
    else if (timm->mstd > 0)
        level += timm->mstd * rng_normal(rng);
    if (!(chance < timm->op_p))
        return (struct policy_step){ POLICY_IDENTITY, 0 };
    level = level < 0 ? 0 : level > timm->magnitude_max ? timm->magnitude_max : level;
    return policy_timm_step(op, level, timm->inc, minus, width, height);
}
