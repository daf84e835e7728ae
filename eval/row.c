/*
 * Loops over explicit lanes: what the compiler makes of them at 4, 8 or 16 floats at a time has the
 * same bits, so the kernels need no twins. log and exp are Cephes's single-precision polynomials
 * (Moshier, "Methods and Programs for Mathematical Functions", 1989), written without branches.
 */
#include "eval/row.h"

#include <math.h>
#include <string.h>

#include "base/simd.h"

size_t row_padded(int k)
{
    return ((size_t)k + ROW_LANES - 1) / ROW_LANES * ROW_LANES;
}

void row_load(float *row, const float *x, int k, float pad)
{
    memcpy(row, x, (size_t)k * sizeof(*row));
    for (size_t c = (size_t)k; c < row_padded(k); c++)
        row[c] = pad;
}

static double fold(double *lane)
{
    for (int half = ROW_LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

VECTOR_CLONES static void add_lanes(const float *x, size_t size, double *lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += (double)x[i + (size_t)j];
}

VECTOR_CLONES static void add_squares(const float *x, size_t size, double *lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += (double)x[i + (size_t)j] * (double)x[i + (size_t)j];
}

double row_sum(const float *x, size_t size)
{
    double lane[ROW_LANES] = { 0 };
    add_lanes(x, size, lane);
    return fold(lane);
}

double row_squares(const float *x, size_t size)
{
    double lane[ROW_LANES] = { 0 };
    add_squares(x, size, lane);
    return fold(lane);
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

VECTOR_CLONES static void take_larger(const float *restrict x, size_t size, float *restrict lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] = larger(x[i + (size_t)j], lane[j]);
}

float row_max(const float *x, size_t size)
{
    float lane[ROW_LANES];
    memcpy(lane, x, sizeof(lane));
    take_larger(x, size, lane);
    float largest = lane[0];
    for (int j = 1; j < ROW_LANES; j++)
        largest = larger(lane[j], largest);
    return largest;
}

int row_find(const float *x, size_t size, float value)
{
    size_t i = 0;
    while (i + 1 < size && x[i] != value)
        i++;
    return (int)i;
}

VECTOR_CLONES static void count_larger(const float *x, size_t size, float own, int32_t *lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES)
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += x[i + (size_t)j] > own;
}

int row_ahead(const float *x, size_t size, int label)
{
    int32_t lane[ROW_LANES] = { 0 };
    float own = x[label];
    count_larger(x, size, own, lane);
    int ahead = 0;
    for (int j = 0; j < ROW_LANES; j++)
        ahead += lane[j];
    for (int c = 0; c < label; c++)
        ahead += x[c] == own;
    return ahead;
}

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)); log x = log m + e ln 2, log m by a polynomial in m - 1.
 */
static inline __attribute__((always_inline)) float log_of(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    /* 0x3f3504f3 is sqrt(1/2): what lies above it belongs to the next exponent. */
    int32_t e = (bits - 0x3f3504f3) >> 23;
    bits -= e * (1 << 23);
    float m;
    memcpy(&m, &bits, sizeof(m));
    float f = m - 1, s = f * f, y = 7.0376836292e-2f;
    y = y * f - 1.1514610310e-1f;
    y = y * f + 1.1676998740e-1f;
    y = y * f - 1.2420140846e-1f;
    y = y * f + 1.4249322787e-1f;
    y = y * f - 1.6668057665e-1f;
    y = y * f + 2.0000714765e-1f;
    y = y * f - 2.4999993993e-1f;
    y = y * f + 3.3333331174e-1f;
    y = y * f * s;
    float n = (float)e;
    /* ln 2 in two parts, the larger one last. */
    y += n * -2.12194440e-4f;
    y -= 0.5f * s;
    return f + y + n * 0.693359375f;
}

VECTOR_CLONES static void log_row(const float *x, float *z, size_t size)
{
    for (size_t i = 0; i < size; i += ROW_LANES) {
        float block[ROW_LANES];
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = larger(x[i + (size_t)j], ROW_SMALLEST);
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = log_of(block[j]);
        memcpy(z + i, block, sizeof(block));
    }
}

void row_log(const float *x, float *z, size_t size)
{
    log_row(x, z, size);
}

#define EXP_LOWEST -86.0f /* beyond, 2^n leaves the normal numbers */
#define EXP_HIGHEST 88.0f

/* x = n ln 2 + r; exp x = 2^n exp r, exp r by a polynomial. */
static inline __attribute__((always_inline)) float exp_of(float x)
{
    const float round = 12582912; /* 1.5 * 2^23: no bit is left for a fraction */
    float n = x * 1.44269504088896341f + round - round;
    float r = x - n * 0.693359375f - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1;
    int32_t bits = ((int32_t)n + 127) * (1 << 23);
    float power;
    memcpy(&power, &bits, sizeof(power));
    return p * power;
}

/* One step a loop: where a step's result may be a constant the compiler would branch. */
VECTOR_CLONES static void exp_row(const float *z, float scale, float shift, float *y, size_t size,
                                  double *lane)
{
    for (size_t i = 0; i < size; i += ROW_LANES) {
        float x[ROW_LANES], block[ROW_LANES];
        for (int j = 0; j < ROW_LANES; j++)
            x[j] = scale * z[i + (size_t)j] - shift;
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = larger(x[j], EXP_LOWEST);
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = smaller(block[j], EXP_HIGHEST);
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = exp_of(block[j]);
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = x[j] > EXP_LOWEST ? block[j] : 0;
        for (int j = 0; j < ROW_LANES; j++)
            lane[j] += (double)block[j];
        memcpy(y + i, block, sizeof(block));
    }
}

double row_exp(const float *z, float scale, float shift, float *y, size_t size)
{
    double lane[ROW_LANES] = { 0 };
    exp_row(z, scale, shift, y, size, lane);
    return fold(lane);
}

VECTOR_CLONES static void scale_row(const float *x, float scale, float *y, size_t size)
{
    for (size_t i = 0; i < size; i += ROW_LANES) {
        float block[ROW_LANES];
        for (int j = 0; j < ROW_LANES; j++)
            block[j] = scale * x[i + (size_t)j];
        memcpy(y + i, block, sizeof(block));
    }
}

void row_scale(const float *x, float scale, float *y, size_t size)
{
    scale_row(x, scale, y, size);
}

void row_softmax(float *x, size_t size)
{
    double sum = row_exp(x, 1, row_max(x, size), x, size);
    row_scale(x, (float)(1 / sum), x, size);
}
