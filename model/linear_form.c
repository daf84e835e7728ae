#include "model/linear_form.h"

#include "model/unfold.h"

enum { OUT, BIAS };

const struct param linear_params[] = {
    [OUT] = { "out", PARAM_INTEGER, "features", .value = 10, .min = 1, .max = 1000000,
              "length of the output", .required = true },
    [BIAS] = { "bias", PARAM_FLAG, "", .value = 1, .help = "add a learned constant per output" },
    { 0 },
};

int linear_shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    return unfold_shape(&l->built, in, (int)l->v[OUT].integer, out, err);
}

int linear_weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    (void)in;
    int64_t k = l->v[OUT].integer, n = (int64_t)shape_count(l->built);
    w[LINEAR_WEIGHT] = (struct layer_weight){ .suffix = "weight",
                                              .rank = 2,
                                              .shape = { k, n },
                                              .trained = true,
                                              .init = INIT_UNIFORM,
                                              .fan_in = n,
                                              .fan_out = k };
    if (!l->v[BIAS].flag)
        return 1;
    w[LINEAR_BIAS] = (struct layer_weight){ .suffix = "bias",
                                            .rank = 1,
                                            .shape = { k },
                                            .trained = true,
                                            .init = INIT_UNIFORM,
                                            .fan_in = n,
                                            .fan_out = k };
    return 2;
}
