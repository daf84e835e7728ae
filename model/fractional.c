#include "model/fractional.h"

#include <math.h>

/* What the increments add up to. */
static int span_of(int size, bool overlapping)
{
    return overlapping ? size - 1 : size;
}

int fractional_outputs(int size, double ratio, bool overlapping)
{
    int span = span_of(size, overlapping), outputs = (int)floor(size / ratio);
    if (outputs > span)
        outputs = span;
    if (outputs < (span + 1) / 2)
        outputs = (span + 1) / 2;
    return outputs;
}

void fractional_regions(int size, int outputs, bool overlapping, bool pseudo, struct rng *rng,
                        int *begin)
{
    int span = span_of(size, overlapping);
    begin[0] = 0;
    if (pseudo) {
        double alpha = (double)span / outputs, u = 1 - rng_uniform(rng);
        for (int o = 1; o < outputs; o++)
            begin[o] = (int)ceil(alpha * o + u) - 1;
        begin[outputs] = span;
        return;
    }
    int twos = span - outputs;
    for (int o = 0; o < outputs; o++) /* of the increments that are left, `twos` are two long */
        if ((int)rng_below(rng, (uint64_t)(outputs - o)) < twos) {
            begin[o + 1] = begin[o] + 2;
            twos--;
        } else
            begin[o + 1] = begin[o] + 1;
}
