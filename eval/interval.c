#include "eval/interval.h"

#include "base/stat.h"

const char *const interval_names[] = { "none", "Wilson", "BCa", "basic", 0 };

static const double Z95 = 1.959963984540054; /* the normal's 0.975 quantile */

struct interval interval_wilson(uint64_t correct, uint64_t n)
{
    struct interval x = { .kind = INTERVAL_WILSON };
    x.value = n ? (double)correct / (double)n : 0;
    stat_wilson(correct, n, Z95, &x.low, &x.high);
    return x;
}
