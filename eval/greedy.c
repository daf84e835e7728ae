#include "eval/greedy.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/real.h"

/* sum (n) of the members so far, `count` with the new one. A product of 16 is taken before each
 * logarithm: means of probabilities are 1e-12 or more, so nothing underflows. */
static double measure(const double *sum, const float *p, uint64_t n, int count)
{
    double total = 0, product = 1;
    for (uint64_t i = 0; i < n; i++) {
        product *= (sum[i] + fmax((double)p[i], 1e-12)) / count;
        if (i % 16 == 15 || i + 1 == n) {
            total -= real_log(product);
            product = 1;
        }
    }
    return n ? total / (double)n : 0;
}

int greedy_select(const float *p, uint64_t n, int m, int steps, struct greedy *greedy,
                  struct error *err)
{
    struct greedy g = { .steps = steps };
    double *sum = memory_array((size_t)n, sizeof(*sum), err);
    g.step = sum ? memory_array((size_t)steps, sizeof(*g.step), err) : NULL;
    g.nll = g.step ? memory_array((size_t)steps, sizeof(*g.nll), err) : NULL;
    if (!g.nll) {
        free(sum);
        greedy_release(&g);
        return -1;
    }
    for (int s = 0; s < steps; s++) {
        for (int j = 0; j < m; j++) {
            double nll = measure(sum, p + (size_t)j * n, n, s + 1);
            if (j == 0 || nll < g.nll[s]) {
                g.nll[s] = nll;
                g.step[s] = j;
            }
        }
        const float *added = p + (size_t)g.step[s] * n;
        for (uint64_t i = 0; i < n; i++)
            sum[i] += fmax((double)added[i], 1e-12);
        if (s == 0 || g.nll[s] < g.nll[g.chosen - 1])
            g.chosen = s + 1;
    }
    free(sum);
    *greedy = g;
    return 0;
}

void greedy_release(struct greedy *greedy)
{
    free(greedy->step);
    free(greedy->nll);
    *greedy = (struct greedy){ 0 };
}
