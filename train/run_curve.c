#include "train/run_curve.h"

#include <math.h>

#include "base/real.h"

double run_span(const struct run_points *points, uint64_t steps_per_epoch)
{
    static const double least = 5, most = 500;
    if (points->count < 2)
        return least;
    double between = (double)(points->step[1] - points->step[0]);
    double span = (double)steps_per_epoch / between / 2;
    return fmin(fmax(span, least), most);
}

/*
 * West, "Updating Mean and Variance Estimates: An Improved Method", CACM 22(9), 1979: nothing is
 * subtracted that is large and nearly equal. W = sum w, S = sum w (x - mean)^2.
 */
void run_average(const double *x, size_t n, double span, double *mean, double *deviation)
{
    double a = real_exp(-1 / span), W = 0, M = 0, S = 0;
    for (size_t i = 0; i < n; i++) {
        W *= a;
        S *= a;
        if (isfinite(x[i])) {
            double d = x[i] - M;
            W += 1;
            M += d / W;
            S += d * (x[i] - M);
        }
        mean[i] = W > 0 ? M : NAN;
        deviation[i] = W > 0 ? sqrt(S / W) : NAN;
    }
}

/* The shortest power of two of which `n` has at most `most`. */
static size_t stretch(size_t n, size_t most)
{
    size_t width = 1;
    while ((n + width - 1) / width > most)
        width *= 2;
    return width;
}

size_t run_thin(const double *x, size_t n, size_t buckets, size_t *index)
{
    size_t width = stretch(n, buckets), kept = 0;
    if (n <= 4 * buckets) {
        for (; kept < n; kept++)
            index[kept] = kept;
        return kept;
    }
    for (size_t first = 0; first < n; first += width) {
        size_t last = n - first < width ? n - 1 : first + width - 1;
        size_t least = first, greatest = first;
        for (size_t i = first; i <= last; i++) {
            least = x[i] < x[least] ? i : least;
            greatest = x[i] > x[greatest] ? i : greatest;
        }
        const size_t order[] = { first, least < greatest ? least : greatest,
                                 least < greatest ? greatest : least, last };
        for (int i = 0; i < 4; i++)
            if (kept == 0 || index[kept - 1] < order[i])
                index[kept++] = order[i];
    }
    return kept;
}

size_t run_thin_ends(size_t n, size_t most, size_t *index)
{
    size_t width = stretch(n, most), kept = 0;
    for (size_t end = width; end < n; end += width)
        index[kept++] = end - 1;
    if (n > 0)
        index[kept++] = n - 1;
    return kept;
}
