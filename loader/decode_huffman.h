/*
 * Huffman decoding of the coefficients of a sequential JPEG, table by table and block by block.
 *
 * A table answers with a whole symbol (the code, the zeros before the coefficient and the
 * coefficient itself) for the next HUFFMAN_BITS bits; where nobody wants the coefficients, with as
 * many symbols as fit into HUFFMAN_SKIP_BITS. The few symbols that are longer are decoded bit by
 * bit (ITU-T T.81, annex F.2.2).
 *
 *     struct bit_reader b = { bytes };               // bytes without stuffing, HUFFMAN_PAD more
 *     if (!huffman_make(dc, bits, values) || !huffman_make(ac, bits, values)) ...
 *     if (!huffman_block(dc, ac, &b, &value, block)) ...   // no such code, or too many
 * coefficients
 *
 * Nothing here looks at where the bytes end: bit_reader_used tells afterwards how many were read.
 */
#ifndef TENFOLD_LOADER_DECODE_HUFFMAN_H
#define TENFOLD_LOADER_DECODE_HUFFMAN_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HUFFMAN_BITS = 11, /* 8 KB a table: two of them and two to skip stay in the nearest cache */
    HUFFMAN_SKIP_BITS = 11, /* 12 skip 2 % faster, and take twice the time to make */
    HUFFMAN_PAD = 512, /* bytes behind the data that may be read: more than a block of the longest
                          codes has */
};

/* Made from a table as files have it: `bits[n]` codes of length n, `values` in order of code. */
struct huffman {
    uint8_t bits[17], values[256];
    bool made, skips; /* `skip` is filled, too */
    uint32_t symbol[1 << HUFFMAN_BITS];
    uint16_t skip[1 << HUFFMAN_SKIP_BITS];
    int32_t code_end[17]; /* the first code of a length that is none */
    int32_t first[17];    /* values[first + code]: what it stands for */
};

/* `bits` are the next `count` ones, from the top, and some of those behind them. */
struct bit_reader {
    const uint8_t *next;
    uint64_t bits;
    int count;
};

/* Fill `h`, if it is not of the same table already. False: no such table can be. */
bool huffman_make(struct huffman *h, const uint8_t bits[17], const uint8_t values[256]);
/* Fill what huffman_skip reads. */
void huffman_make_skip(struct huffman *h);

/* One block: the difference in front is added to `value`, the DC coefficient of the block before,
 * and the 63 others go into `block`, which is zero, in the order of rows; block[0] is left alone.
 * False: no such code, more coefficients than there are, or a value beyond 16 bits. */
bool huffman_block(const struct huffman *dc, const struct huffman *ac, struct bit_reader *b,
                   int *value, int16_t block[64]);

/* The same without a block. */
bool huffman_skip(const struct huffman *dc, const struct huffman *ac, struct bit_reader *b,
                  int *value);

/* Bits read since `start`. */
static inline int64_t bit_reader_used(const struct bit_reader *b, const uint8_t *start)
{
    return 8 * (b->next - start) - b->count;
}

#endif
