/*
 * Elementary functions in double from exact operations only: reduce the argument to a short
 * interval around a point where the function is simple, sum the Taylor series there until the next
 * term is below half a unit in the last place, and undo the reduction exactly. Series instead of
 * tuned polynomials cost a few more multiplications; a draw needs a handful of calls, so that does
 * not matter.
 */
#include "base/real.h"

#include <stdint.h>
#include <string.h>

/* ln 2 and pi/2 in parts whose trailing bits are zero, so that small integers times a part are
 * exact. */
static const double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33;
static const double INVERSE_LN2 = 0x1.71547652b82fep0;
static const double HALF_PI_1 = 0x1.921fb544p0, HALF_PI_2 = 0x1.0b4611a6p-34,
                    HALF_PI_3 = 0x1.3198a2e037073p-69;
static const double INVERSE_HALF_PI = 0x1.45f306dc9c883p-1;

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double power_of_two(int k) /* -1022..1023 */
{
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)]. With s = f / (2 + f), log(1 + f) = 2 atanh(s)
 * = f - (h - s (h + R)), h = f^2 / 2, R = 2 s^2 / 3 + 2 s^4 / 5 + ...; written so, the large term f
 * is exact. */
double real_log(double x)
{
    if (!(x > 0))
        return x == 0 ? -__builtin_inf() : __builtin_nan("");
    if (x > 0x1.fffffffffffffp1023)
        return x;
    int k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits = bits_of(x);
    k += (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof(m));
    if (m > 0x1.6a09e667f3bcdp0) {
        m *= 0.5;
        k++;
    }
    double f = m - 1, s = f / (2 + f), z = s * s, h = 0.5 * f * f;
    double r = 0;
    for (int n = 25; n >= 3; n -= 2) /* s^2 <= 0.0295: the term after 2/25 is below 1e-19 */
        r = z * (2.0 / n + r);
    return k * LN2_HIGH - ((h - (s * (h + r) + k * LN2_LOW)) - f);
}

/* x = k ln 2 + r, |r| <= ln 2 / 2; exp(r) by its series. */
double real_exp(double x)
{
    if (x != x)
        return x;
    if (x > 709.782712893384)
        return __builtin_inf();
    if (x < -745.2)
        return 0;
    int k = (int)(x * INVERSE_LN2 + (x < 0 ? -0.5 : 0.5));
    double high = x - k * LN2_HIGH, low = k * LN2_LOW, r = high - low;
    double sum = 0;
    for (int n = 14; n >= 3; n--) /* |r|^15 / 15! < 1e-19 */
        sum = (1 + sum) * r / n;
    /* exp(r) = 1 + r + r^2/2 (1 + sum); r's own rounding error (high - r) - low is put back at
     * first order. */
    double error = (high - r) - low;
    double e = 1 + (r + (error + 0.5 * r * r * (1 + sum)));
    if (k > 1000)
        return e * power_of_two(k - 1000) * 0x1p1000;
    if (k < -1000)
        return e * power_of_two(k + 1000) * 0x1p-1000;
    return e * power_of_two(k);
}

/* x = n pi/2 + r + tail, |r| <= pi/4; returns n mod 4. */
static int reduce(double x, double *r, double *tail)
{
    int n = (int)(x * INVERSE_HALF_PI + (x < 0 ? -0.5 : 0.5));
    double a = x - n * HALF_PI_1;
    double b = n * HALF_PI_2, high = a - b;
    double low = (a - high) - b - n * HALF_PI_3;
    *r = high + low;
    *tail = (high - *r) + low;
    return n & 3;
}

static double sine_series(double r, double tail)
{
    double z = r * r, sum = 0;
    for (int n = 19; n >= 3; n -= 2)
        sum = -z / (n * (n - 1)) * (1 + sum);
    return r + (r * sum + tail * (1 - 0.5 * z));
}

static double cosine_series(double r, double tail)
{
    double z = r * r, sum = 0;
    for (int n = 20; n >= 4; n -= 2)
        sum = -z / (n * (n - 1)) * (1 + sum);
    /* 1 - z/2 loses the low bits of z/2 where it is rounded; they are kept in `rest`. */
    double half = 0.5 * z, head = 1 - half, rest = (1 - head) - half;
    return head + (rest - half * sum - r * tail);
}

double real_sin(double x)
{
    double r, tail;
    switch (reduce(x, &r, &tail)) {
    case 0:
        return sine_series(r, tail);
    case 1:
        return cosine_series(r, tail);
    case 2:
        return -sine_series(r, tail);
    default:
        return -cosine_series(r, tail);
    }
}

double real_cos(double x)
{
    double r, tail;
    switch (reduce(x, &r, &tail)) {
    case 0:
        return cosine_series(r, tail);
    case 1:
        return -sine_series(r, tail);
    case 2:
        return -cosine_series(r, tail);
    default:
        return sine_series(r, tail);
    }
}

double real_pow(double x, double y)
{
    if (x == 0)
        return y > 0 ? 0 : y == 0 ? 1 : __builtin_inf();
    return real_exp(y * real_log(x));
}
