#include "base/stat.h"

#include <math.h>
#include <stdlib.h>

struct stat_summary stat_summarize(const double *x, size_t n)
{
    struct stat_summary s = { 0 };
    for (size_t i = 0; i < n; i++)
        s.mean += x[i];
    s.mean /= (double)n;
    if (n < 2)
        return s;
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - s.mean) * (x[i] - s.mean);
    s.sd = sqrt(squares / (double)(n - 1));
    s.se = s.sd / sqrt((double)n);
    return s;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double stat_quantile(double *x, size_t n, double q)
{
    qsort(x, n, sizeof(*x), compare);
    double place = q * (double)(n - 1);
    size_t below = (size_t)place;
    if (below + 1 >= n)
        return x[n - 1];
    return x[below] + (place - (double)below) * (x[below + 1] - x[below]);
}

/* Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927:
 * (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n). */
void stat_wilson(uint64_t successes, uint64_t n, double z, double *low, double *high)
{
    if (n == 0) {
        *low = 0;
        *high = 1;
        return;
    }
    double count = (double)n, p = (double)successes / count, zz = z * z / count;
    double center = (p + zz / 2) / (1 + zz);
    double half = z * sqrt(p * (1 - p) / count + zz / (4 * count)) / (1 + zz);
    *low = successes == 0 ? 0 : center - half;
    *high = successes == n ? 1 : center + half;
}
