#include <math.h>

#include "base/rng.h"
#include "model/net_private.h"

/* He et al., arXiv:1502.01852: standard deviation gain / sqrt(fan), gain sqrt(2) for ReLU; fan out
 * keeps the gradients' variance, as the ResNets were trained. */
static void fill_kaiming(float *x, size_t n, int64_t fan_out, struct rng *rng)
{
    double sd = sqrt(2.0 / (double)fan_out);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(sd * rng_normal(rng));
}

static void fill_uniform(float *x, size_t n, int64_t fan_in, struct rng *rng)
{
    double bound = 1 / sqrt((double)fan_in);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_range(rng, -bound, bound);
}

void net_init(struct net *net, uint64_t seed)
{
    for (int i = 0; i < net->weight_count; i++) {
        const struct weight *w = &net->weights[i];
        float *x = w->value.data;
        size_t n = tensor_count(&w->value);
        struct rng rng = rng_start(rng_derive(seed, "init", w->name, 0), 0, 0);
        switch (net->weight_init[i]) {
        case INIT_KAIMING:
            fill_kaiming(x, n, w->fan_out, &rng);
            break;
        case INIT_UNIFORM:
            fill_uniform(x, n, w->fan_in, &rng);
            break;
        case INIT_ONE:
        case INIT_ZERO:
            for (size_t j = 0; j < n; j++)
                x[j] = net->weight_init[i] == INIT_ONE ? 1 : 0;
            break;
        }
    }
}
