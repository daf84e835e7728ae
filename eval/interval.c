#include "eval/interval.h"

#include <math.h>
#include <stddef.h>

#include "base/real.h"
#include "base/stat.h"

const char *const interval_names[] = { "none", "Wilson", "BCa", "basic", NULL };

static const double Z95 = 1.959963984540054; /* the normal's 0.975 quantile */

struct interval interval_none(double value)
{
    return (struct interval){ value, value, value, INTERVAL_NONE };
}

struct interval interval_wilson(uint64_t correct, uint64_t n)
{
    struct interval x = { .kind = INTERVAL_WILSON };
    x.value = n ? (double)correct / (double)n : 0;
    stat_wilson(correct, n, Z95, &x.low, &x.high);
    return x;
}

double interval_normal(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

static double polynomial(const double *c, int degree, double x)
{
    double y = c[degree];
    for (int i = degree - 1; i >= 0; i--)
        y = y * x + c[i];
    return y;
}

/* Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics
 * 1988: relative error below 1e-15. */
double interval_normal_quantile(double p)
{
    static const double a[] = { 3.3871328727963666080e0, 1.3314166789178437745e2,
                                1.9715909503065514427e3, 1.3731693765509461125e4,
                                4.5921953931549871457e4, 6.7265770927008700853e4,
                                3.3430575583588128105e4, 2.5090809287301226727e3 };
    static const double b[] = { 1,
                                4.2313330701600911252e1,
                                6.8718700749205790830e2,
                                5.3941960214247511077e3,
                                2.1213794301586595867e4,
                                3.9307895800092710610e4,
                                2.8729085735721942674e4,
                                5.2264952788528545610e3 };
    static const double c[] = { 1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4 };
    static const double d[] = { 1,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9 };
    static const double e[] = { 6.65790464350110377720e0,  5.46378491116411436990e0,
                                1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7 };
    static const double f[] = { 1,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15 };
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, 7, r) / polynomial(b, 7, r);
    }
    double tail = q < 0 ? p : 1 - p;
    if (!(tail > 0))
        return q < 0 ? -INFINITY : INFINITY;
    double r = sqrt(-real_log(tail)), x;
    if (r <= 5)
        x = polynomial(c, 7, r - 1.6) / polynomial(d, 7, r - 1.6);
    else
        x = polynomial(e, 7, r - 5) / polynomial(f, 7, r - 5);
    return q < 0 ? -x : x;
}

/* sum d^3 / (6 (sum d^2)^1.5) with d = sign (x - mean). */
static double skew(const double *x, uint64_t n, double sign)
{
    double mean = 0, squares = 0, cubes = 0;
    for (uint64_t i = 0; i < n; i++)
        mean += x[i];
    mean /= n ? (double)n : 1;
    for (uint64_t i = 0; i < n; i++) {
        double d = x[i] - mean;
        squares += d * d;
        cubes += d * d * d;
    }
    return squares > 0 ? sign * cubes / (6 * squares * sqrt(squares)) : 0;
}

double interval_acceleration(const double *without, uint64_t n)
{
    return skew(without, n, -1);
}

double interval_acceleration_of_mean(const double *x, uint64_t n)
{
    return skew(x, n, 1);
}

/* The share of the rounds that BCa takes for the share whose normal quantile is z. */
static double corrected(double z, double bias, double acceleration)
{
    double shifted = bias + z;
    return interval_normal(bias + shifted / (1 - acceleration * shifted));
}

struct interval interval_bootstrap(double value, double *replicate, int rounds, double acceleration)
{
    if (rounds == 0)
        return interval_none(value);
    struct interval x = { .value = value };
    double below = 0;
    for (int i = 0; i < rounds; i++)
        below += replicate[i] < value ? 1 : replicate[i] == value ? 0.5 : 0;
    double bias = interval_normal_quantile(below / rounds);
    size_t n = (size_t)rounds;
    if (fabs(bias) < Z95) {
        x.kind = INTERVAL_BCA;
        x.low = stat_quantile(replicate, n, corrected(-Z95, bias, acceleration));
        x.high = stat_quantile(replicate, n, corrected(Z95, bias, acceleration));
    } else {
        x.kind = INTERVAL_BASIC;
        x.low = fmin(value, 2 * value - stat_quantile(replicate, n, 0.975));
        x.high = fmax(value, 2 * value - stat_quantile(replicate, n, 0.025));
    }
    return x;
}
