/*
 * The operations that the published policies are made of, with the strengths of each policy, and
 * what each of them writes into a plan. Names, ranges and signs are torchvision's
 * transforms.autoaugment; `augment/policy_timm.h` draws for timm's lists.
 *
 *     struct policy_way way = policy_way_of(plan, COMPAT_FUSED, FILTER_NEAREST, &v[FILL]);
 *     const struct policy_row *row = &policy_space(SPACE_RAND).rows[index];
 *     struct policy_step step = policy_step_at(row, bin, 31, minus, plan->width, plan->height);
 *     policy_apply(plan, &step, &way, &err);
 *     policy_end(plan, &way, &err);
 */
#ifndef TENFOLD_AUGMENT_POLICY_OP_H
#define TENFOLD_AUGMENT_POLICY_OP_H

#include "augment/augmentation.h"

enum policy_op {
    POLICY_IDENTITY,
    POLICY_SHEAR_X,      /* tangent; about the corner (0, 0), as the papers' code */
    POLICY_SHEAR_Y,      /* likewise */
    POLICY_TRANSLATE_X,  /* pixels, to the right */
    POLICY_TRANSLATE_Y,  /* pixels, down */
    POLICY_ROTATE,       /* degrees counter-clockwise, about the center */
    POLICY_BRIGHTNESS,   /* factor - 1 */
    POLICY_COLOR,        /* factor - 1: saturation */
    POLICY_CONTRAST,     /* factor - 1 */
    POLICY_SHARPNESS,    /* factor - 1 */
    POLICY_POSTERIZE,    /* bits kept */
    POLICY_SOLARIZE,     /* threshold: levels from there on are inverted */
    POLICY_SOLARIZE_ADD, /* added to levels below 128 */
    POLICY_AUTOCONTRAST,
    POLICY_EQUALIZE,
    POLICY_INVERT,
    POLICY_OPS,
};

struct policy_step {
    enum policy_op op;
    double magnitude;
};

/* An operation of a policy: its strengths lie evenly between two ends, in bins. */
struct policy_row {
    enum policy_op op;
    enum { POLICY_NONE, POLICY_NUMBER, POLICY_OF_WIDTH, POLICY_OF_HEIGHT, POLICY_BITS } kind;
    double first, last; /* of OF_WIDTH and OF_HEIGHT as a share; of BITS: fewer bits at the end */
    bool is_signed;
};

enum policy_space { SPACE_AUTOAUGMENT, SPACE_RAND, SPACE_WIDE, SPACE_AUGMIX, SPACE_AUGMIX_ALL };
struct policy_rows {
    int count;
    const struct policy_row *rows;
};
/* The rows of a policy in torchvision's order. */
struct policy_rows policy_space(enum policy_space space);

/* The strength in a bin of 0..bins-1 (bins >= 2), without sign: the value of torch.linspace in
 * float32, so that what is cut off to whole pixels is the same. (torch's own last bit moves with
 * its vector unit; this is ATEN_CPU_CAPABILITY=default.) */
double policy_magnitude(const struct policy_row *row, int bin, int bins, int width, int height);

/* The step itself: translations are cut off to whole pixels, `minus` turns the signed ones. */
struct policy_step policy_step_at(const struct policy_row *row, int bin, int bins, bool minus,
                                  int width, int height);

/* What becomes of the steps: composed into the plan's geometry and colors, or kept as stages. */
enum policy_compat { COMPAT_FUSED, COMPAT_SEQUENTIAL };
struct policy_way {
    bool stages; /* append stages of `branch`, for plan_chain */
    bool merge;  /* with stages: a step joins the one before where both are maps, or
                  * both are matrices; the frame in between then cuts nothing off */
    int first;   /* with stages: where the chain begins in the plan's list */
    int branch;
    enum plan_filter filter; /* of stages */
    struct plan_fill fill;   /* outside the frame */
};

/* `fill`: of a FILL_ROW. */
struct policy_way policy_way_of(const struct plan *plan, int64_t compat, int64_t interpolation,
                                const union value *fill);

/* Append one step. */
int policy_apply(struct plan *plan, const struct policy_step *step, const struct policy_way *way,
                 struct error *err);

/* Behind the last step: what was appended as stages becomes a chain. */
int policy_end(struct plan *plan, const struct policy_way *way, struct error *err);

/* Rows of parameter tables. */
extern const char *const policy_compats[]; /* by enum policy_compat; ends with NULL */
#define COMPAT_ROW                                                                                 \
    {                                                                                              \
        "compat", PARAM_CHOICE, "", .choices = policy_compats,                                     \
                                    .help = "fused: one resample, one rounding; sequential: "      \
                                            "step by step on 8-bit pixels, as torchvision"         \
    }
#define INTERPOLATION_ROW(initial)                                                                 \
    {                                                                                              \
        "interpolation", PARAM_CHOICE, "", .value = (initial), .choices = filter_names,            \
                                           .help = "of the steps that run one by one"              \
    }

#endif
