/* One row of RGB pixels from right to left. */
#ifndef TENFOLD_AUGMENT_MIRROR_H
#define TENFOLD_AUGMENT_MIRROR_H

#include <stddef.h>
#include <stdint.h>

/* Pixel x of `row` becomes pixel n - 1 - x of `line`; they do not overlap. */
void mirror_row(const uint8_t *line, size_t n, uint8_t *row);

/* The plain twin and the vector code, the same bytes. */
void mirror_row_plain(const uint8_t *line, size_t n, uint8_t *row);
void mirror_row_avx2(const uint8_t *line, size_t n, uint8_t *row);

#endif
