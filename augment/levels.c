/* The plain code and the choice of kernels. Pictures without gaps between rows are one long row. */
#include "augment/levels.h"

#include <string.h>

#include "augment/levels_private.h"

/* Rows to go through, n pixels each. */
struct rows {
    size_t n, count;
};

static struct rows rows_of(const struct image *from, const struct image *to)
{
    size_t width = (size_t)from->width, height = (size_t)from->height;
    if (from->stride == 3 * width && to->stride == 3 * width)
        return (struct rows){ width * height, 1 };
    return (struct rows){ width, height };
}

static void table_plain(const uint8_t *in, size_t n, const uint8_t table[3][256], uint8_t *out)
{
    for (size_t i = 0; i < 3 * n; i += 3) {
        out[i] = table[0][in[i]];
        out[i + 1] = table[1][in[i + 1]];
        out[i + 2] = table[2][in[i + 2]];
    }
}

static void table_run(const uint8_t *in, size_t n, const uint8_t table[3][256], bool same,
                      uint8_t *out)
{
#ifdef SIMD_X86
    if (simd_vbmi()) {
        if (same)
            levels_table1_vbmi(in, 3 * n, table[0], out);
        else
            levels_table3_vbmi(in, 3 * n, table, out);
        return;
    }
    if (same && simd_level() >= SIMD_LEVEL_AVX2) {
        levels_table1_avx2(in, 3 * n, table[0], out);
        return;
    }
#endif
    (void)same;
    table_plain(in, n, table, out);
}

void levels_table(const struct image *from, const struct image *to, const uint8_t table[3][256])
{
    bool same = memcmp(table[0], table[1], 256) == 0 && memcmp(table[0], table[2], 256) == 0;
    struct rows rows = rows_of(from, to);
    for (size_t y = 0; y < rows.count; y++)
        table_run(from->pixels + y * from->stride, rows.n, table, same,
                  to->pixels + y * to->stride);
}

static void bits_plain(const uint8_t *in, size_t bytes, uint8_t mask, int threshold, uint8_t *out)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)((in[i] & mask) ^ (in[i] >= threshold ? 255 : 0));
}

void levels_bits(const struct image *from, const struct image *to, uint8_t mask, int threshold)
{
    struct rows rows = rows_of(from, to);
    for (size_t y = 0; y < rows.count; y++) {
        const uint8_t *in = from->pixels + y * from->stride;
        uint8_t *out = to->pixels + y * to->stride;
#ifdef SIMD_X86
        if (simd_level() >= SIMD_LEVEL_AVX2) {
            levels_bits_avx2(in, 3 * rows.n, mask, threshold, out);
            continue;
        }
#endif
        bits_plain(in, 3 * rows.n, mask, threshold, out);
    }
}

static uint8_t to_level(float v)
{
    v = v > 0 ? v : 0;
    return (uint8_t)((v < 255 ? v : 255) + 0.5f);
}

static void matrix_plain(const struct color_matrix *m, const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < 3 * n; i += 3) {
        float r = in[i], g = in[i + 1], b = in[i + 2];
        for (size_t c = 0; c < 3; c++)
            out[i + c] = to_level(m->pixel[c][0] * r + m->pixel[c][1] * g + m->pixel[c][2] * b +
                                  m->offset[c]);
    }
}

/* Does each channel depend on itself alone? */
static bool is_diagonal(const struct color_matrix *m)
{
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            if (r != c && m->pixel[r][c] != 0)
                return false;
    return true;
}

static bool is_negative(const struct color_matrix *m)
{
    for (int c = 0; c < 3; c++)
        if (m->pixel[c][c] != -1 || m->offset[c] != 255)
            return false;
    return is_diagonal(m);
}

void levels_matrix(const struct color_matrix *m, const struct image *from, const struct image *to)
{
    if (is_negative(m)) {
        levels_bits(from, to, 255, 0);
        return;
    }
    if (is_diagonal(m) && simd_vbmi()) {
        uint8_t gray[256][3], table[3][256];
        for (int v = 0; v < 256; v++)
            gray[v][0] = gray[v][1] = gray[v][2] = (uint8_t)v;
        matrix_plain(m, gray[0], 256, gray[0]);
        for (int c = 0; c < 3; c++)
            for (int v = 0; v < 256; v++)
                table[c][v] = gray[v][c];
        levels_table(from, to, table);
        return;
    }
    struct rows rows = rows_of(from, to);
    for (size_t y = 0; y < rows.count; y++) {
        const uint8_t *in = from->pixels + y * from->stride;
        uint8_t *out = to->pixels + y * to->stride;
#ifdef SIMD_X86
        if (simd_level() >= SIMD_LEVEL_AVX2) {
            if (simd_level() >= SIMD_LEVEL_AVX512)
                levels_matrix_avx512(m, in, rows.n, out);
            else
                levels_matrix_avx2(m, in, rows.n, out);
            continue;
        }
#endif
        matrix_plain(m, in, rows.n, out);
    }
}

void levels_to_planes(const uint8_t *rgb, size_t n, float *r, float *g, float *b)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        levels_to_planes_avx2(rgb, n, r, g, b);
        return;
    }
#endif
    for (size_t i = 0; i < n; i++) {
        r[i] = rgb[3 * i];
        g[i] = rgb[3 * i + 1];
        b[i] = rgb[3 * i + 2];
    }
}

void levels_from_planes(const float *r, const float *g, const float *b, size_t n, uint8_t *rgb)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        levels_from_planes_avx2(r, g, b, n, rgb);
        return;
    }
#endif
    for (size_t i = 0; i < n; i++) {
        rgb[3 * i] = to_level(r[i]);
        rgb[3 * i + 1] = to_level(g[i]);
        rgb[3 * i + 2] = to_level(b[i]);
    }
}

void levels_extremes(const uint8_t *rgb, size_t n, uint8_t low[3], uint8_t high[3])
{
    size_t done = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        done = levels_extremes_avx2(rgb, n, low, high);
#endif
    for (size_t i = 3 * done; i < 3 * n; i += 3)
        for (size_t c = 0; c < 3; c++) {
            low[c] = rgb[i + c] < low[c] ? rgb[i + c] : low[c];
            high[c] = rgb[i + c] > high[c] ? rgb[i + c] : high[c];
        }
}

/* Equal neighbors would wait for one another's counter: the twelve bytes of four pixels have a
 * counter set each. */
enum { SETS = 12 };

void levels_count(const uint8_t *rgb, size_t n, uint32_t histogram[3][256])
{
    uint32_t set[SETS][256] = { 0 };
    size_t i = 0;
    for (; i + SETS <= 3 * n; i += SETS) {
        uint32_t w[3];
        memcpy(w, rgb + i, sizeof(w));
        set[0][w[0] & 255]++;
        set[1][w[0] >> 8 & 255]++;
        set[2][w[0] >> 16 & 255]++;
        set[3][w[0] >> 24]++;
        set[4][w[1] & 255]++;
        set[5][w[1] >> 8 & 255]++;
        set[6][w[1] >> 16 & 255]++;
        set[7][w[1] >> 24]++;
        set[8][w[2] & 255]++;
        set[9][w[2] >> 8 & 255]++;
        set[10][w[2] >> 16 & 255]++;
        set[11][w[2] >> 24]++;
    }
    for (; i < 3 * n; i++)
        histogram[i % 3][rgb[i]]++;
    for (size_t s = 0; s < SETS; s++)
        for (size_t v = 0; v < 256; v++)
            histogram[s % 3][v] += set[s][v];
}
