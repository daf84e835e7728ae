#include "loader/decode_huffman.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

/*
 * An entry of `symbol`: how many bits to take, how many coefficients to go on, and the value of the
 * last of them. Where a block ends that is END + 1 on and the value 0, for the coefficient that
 * does not follow, so that the loop needs no case for it. PARTIAL: the value's bits do not fit; to
 * take are the code's, and in the value's place is its number of bits. PARTIAL alone: a longer
 * code, or none.
 */
enum {
    TAKE = 63, /* as many bits as a shift looks at */
    PARTIAL = 0x80,
    ADVANCE_AT = 8,
    ADVANCE = 0xff,
    VALUE_AT = 16,
    END = 128,
    LENGTH_MAX = 16,
    BLOCK = 64,
    AT_ONCE = 4, /* lookups: a full reader has 56 bits */
};

/* Goes on farther than any block's end. */
static const uint32_t NO_CODE = (uint32_t)ADVANCE << ADVANCE_AT;

/* An entry of `skip`: how many bits to take, then the coefficients to go on. The last symbol may be
 * PARTIAL. */
enum { SKIP_ADVANCE_AT = 6, SKIP_TAKE_MAX = 28, SKIPS_AT_ONCE = 2 };
/* The symbols of an entry before its last go on at most that far; SKIP_SAFE leaves them room. */
enum { SKIP_BEFORE_LAST = 8, SKIP_SAFE = BLOCK - SKIP_BEFORE_LAST };

/* Where in the block the coefficients are; those behind its end are refused later. */
static const uint8_t places[END] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40,
    48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22,
    15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62,
    63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
};

/* The value of `size` bits: those that begin with 0 are negative. */
static int extend(uint32_t bits, int size)
{
    return size && bits < 1u << (size - 1) ? (int)bits - (1 << size) + 1 : (int)bits;
}

/* Of a symbol without a value, 15 zeros and one more go on; any other one is the end. */
static uint32_t advance_of(int value)
{
    return (value & 15) == 0 && value != 0xf0 ? END + 1 : (uint32_t)(value >> 4) + 1;
}

static void fill(struct huffman *h, uint32_t code, int length, int value)
{
    int size = value & 15, rest = HUFFMAN_BITS - length;
    uint32_t *to = &h->symbol[code << rest];
    uint32_t advance = advance_of(value) << ADVANCE_AT;
    if (size > rest) {
        for (uint32_t i = 0; i < 1u << rest; i++)
            to[i] = (uint32_t)size << VALUE_AT | advance | PARTIAL | (uint32_t)length;
        return;
    }
    for (uint32_t bits = 0; bits < 1u << size; bits++) {
        uint32_t entry =
            (uint32_t)extend(bits, size) << VALUE_AT | advance | (uint32_t)(length + size);
        for (uint32_t i = 0; i < 1u << (rest - size); i++)
            *to++ = entry;
    }
}

bool huffman_make(struct huffman *h, const uint8_t bits[17], const uint8_t values[256])
{
    if (h->made && memcmp(h->bits + 1, bits + 1, LENGTH_MAX) == 0 &&
        memcmp(h->values, values, sizeof(h->values)) == 0)
        return true;
    h->made = h->skips = false;
    memcpy(h->bits, bits, sizeof(h->bits));
    memcpy(h->values, values, sizeof(h->values));
    for (int i = 0; i < 1 << HUFFMAN_BITS; i++)
        h->symbol[i] = PARTIAL;
    uint32_t code = 0;
    int count = 0;
    for (int length = 1; length <= LENGTH_MAX; length++, code <<= 1) {
        h->first[length] = count - (int32_t)code;
        if (count + bits[length] > 256 || code + bits[length] > 1u << length)
            return false;
        for (int i = 0; i < bits[length]; i++, code++, count++)
            if (length <= HUFFMAN_BITS)
                fill(h, code, length, values[count]);
        h->code_end[length] = (int32_t)code;
    }
    h->made = true;
    return true;
}

void huffman_make_skip(struct huffman *h)
{
    if (h->skips)
        return;
    enum { MASK = (1 << HUFFMAN_SKIP_BITS) - 1 };
    for (uint32_t next = 0; next <= MASK; next++) {
        uint32_t taken = 0, advance = 0;
        while (advance <= SKIP_BEFORE_LAST) {
            uint32_t entry =
                h->symbol[(next << taken & MASK) >> (HUFFMAN_SKIP_BITS - HUFFMAN_BITS)];
            uint32_t take = entry & TAKE;
            uint32_t value = entry & PARTIAL ? entry >> VALUE_AT : 0; /* bits that do not matter */
            if (entry == PARTIAL || taken + take > HUFFMAN_SKIP_BITS ||
                taken + take + value > SKIP_TAKE_MAX)
                break;
            taken += take + value;
            advance += entry >> ADVANCE_AT & ADVANCE;
            if (taken > HUFFMAN_SKIP_BITS)
                break;
        }
        h->skip[next] = (uint16_t)(advance << SKIP_ADVANCE_AT | taken);
    }
    h->skips = true;
}

/* At least 56 bits. */
static inline void refill(struct bit_reader *b)
{
    uint64_t next;
    memcpy(&next, b->next, sizeof(next));
    b->bits |= be64toh(next) >> b->count;
    b->next += (63 - b->count) >> 3;
    b->count |= 56;
}

static inline void take(struct bit_reader *b, uint32_t count)
{
    b->bits <<= count;
    b->count -= (int)count;
}

/* The next symbol, which `entry` does not hold all of, as an entry that does, or NO_CODE. The
 * reader is full again afterwards. */
static __attribute__((noinline)) uint32_t long_symbol(const struct huffman *h, struct bit_reader *b,
                                                      uint32_t entry)
{
    refill(b);
    int length = entry & TAKE, size = (int)(entry >> VALUE_AT);
    uint32_t advance = entry >> ADVANCE_AT & ADVANCE;
    if (entry == PARTIAL) {
        for (length = HUFFMAN_BITS + 1;; length++) {
            if (length > LENGTH_MAX)
                return NO_CODE;
            int32_t code = (int32_t)(b->bits >> (64 - length));
            if (code < h->code_end[length]) {
                int value = h->values[(h->first[length] + code) & 255];
                size = value & 15;
                advance = advance_of(value);
                break;
            }
        }
    }
    take(b, (uint32_t)length);
    uint32_t bits = size ? (uint32_t)(b->bits >> (64 - size)) : 0;
    take(b, (uint32_t)size);
    refill(b);
    return (uint32_t)extend(bits, size) << VALUE_AT | advance << ADVANCE_AT | 1;
}

/* The next symbol; the reader holds HUFFMAN_BITS. */
static inline uint32_t symbol(const struct huffman *h, struct bit_reader *b)
{
    uint32_t entry = h->symbol[b->bits >> (64 - HUFFMAN_BITS)];
    if (__builtin_expect(entry & PARTIAL, 0)) {
        struct bit_reader copy = *b; /* so that *b may stay in registers */
        entry = long_symbol(h, &copy, entry);
        *b = copy;
        return entry;
    }
    take(b, entry & TAKE);
    return entry;
}

/* The DC coefficient in front of a block; false: no such code, or more than 16 bits. */
static inline bool add_dc(const struct huffman *h, struct bit_reader *b, int *value)
{
    refill(b);
    uint32_t entry = symbol(h, b);
    *value += (int16_t)(entry >> VALUE_AT);
    return entry != NO_CODE && *value == (int16_t)*value;
}

/* Whether a block may end behind coefficient k - 1: all are there, or the end was said to be. */
static bool ends_well(uint32_t k)
{
    return k == BLOCK || (k > END + 1 && k <= END + BLOCK);
}

bool huffman_block(const struct huffman *dc, const struct huffman *ac, struct bit_reader *reader,
                   int *value, int16_t block[64])
{
    struct bit_reader b = *reader;
    uint32_t k = 1;
    if (!add_dc(dc, &b, value))
        return false;
    while (k < BLOCK) {
        refill(&b);
#pragma GCC unroll 4
        for (int i = 0; i < AT_ONCE && k < BLOCK; i++) {
            uint32_t entry = symbol(ac, &b);
            k += entry >> ADVANCE_AT & ADVANCE;
            block[places[(k - 1) % END]] = (int16_t)(entry >> VALUE_AT);
        }
    }
    *reader = b;
    return ends_well(k);
}

bool huffman_skip(const struct huffman *dc, const struct huffman *ac, struct bit_reader *reader,
                  int *value)
{
    struct bit_reader b = *reader;
    uint32_t k = 1;
    if (!add_dc(dc, &b, value))
        return false;
    while (k < SKIP_SAFE) {
        refill(&b);
#pragma GCC unroll 2
        for (int i = 0; i < SKIPS_AT_ONCE && k < SKIP_SAFE; i++) {
            uint32_t entry = ac->skip[b.bits >> (64 - HUFFMAN_SKIP_BITS)];
            take(&b, entry & TAKE);
            k += entry >> SKIP_ADVANCE_AT;
            if (__builtin_expect(entry == 0, 0)) {
                entry = symbol(ac, &b);
                k += entry >> ADVANCE_AT & ADVANCE;
            }
        }
    }
    while (k < BLOCK) {
        refill(&b);
        uint32_t entry = symbol(ac, &b);
        k += entry >> ADVANCE_AT & ADVANCE;
    }
    *reader = b;
    return ends_well(k);
}
