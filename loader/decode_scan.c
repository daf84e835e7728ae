#include "loader/decode_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/decode_jpeg.h"

#if __has_include(<jpegint.h>) /* libjpeg's parts; where they are hidden it decodes alone */
#include <jpegint.h>
#define HAVE_PARTS 1
#else
#define HAVE_PARTS 0
#endif

enum {
    RST0 = 0xD0,
    RESTARTS = 8, /* numbers of markers */
    ESCAPE = 0xFF,
    SKIPPED_MIN = 1500, /* blocks: to skip less saves less time than the tables for it take */
};

static _Noreturn void give_up(j_decompress_ptr jpeg)
{
    longjmp(((struct jpeg_decoder *)jpeg->client_data)->out, JPEG_AGAIN);
}

/* Copy what is before the next marker without its stuffing, a zero behind each 0xFF. */
static size_t unstuff(uint8_t *to, const uint8_t **from, const uint8_t *end)
{
    const uint8_t *at = *from;
    uint8_t *start = to;
    while (at < end) {
        const uint8_t *stop = memchr(at, ESCAPE, (size_t)(end - at));
        size_t plain = (size_t)((stop ? stop : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (!stop || end - at < 2 || at[1] != 0)
            break;
        *to++ = ESCAPE;
        at += 2;
    }
    *from = at;
    return (size_t)(to - start);
}

/* How many whole bytes of the segment were not used must be none: libjpeg would complain. */
static void check_all_used(j_decompress_ptr jpeg, const struct scan *s)
{
    int64_t left = s->segment_bits - bit_reader_used(&s->reader, s->bytes);
    if (left < 0 || left >= 8)
        give_up(jpeg);
}

static void begin_segment(j_decompress_ptr jpeg, struct scan *s)
{
    size_t size = unstuff(s->bytes, &s->file, s->file_end);
    s->segment_bits = 8 * (int64_t)size;
    s->reader = (struct bit_reader){ .next = s->bytes };
    s->segment_mcus = jpeg->restart_interval;
    memset(s->dc_value, 0, sizeof(s->dc_value));
}

static void next_segment(j_decompress_ptr jpeg, struct scan *s)
{
    check_all_used(jpeg, s);
    while (s->file < s->file_end && *s->file == ESCAPE) /* any number of fill bytes */
        s->file++;
    if (s->file == s->file_end || *s->file != RST0 + s->restart)
        give_up(jpeg);
    s->file++;
    s->restart = (s->restart + 1) % RESTARTS;
    begin_segment(jpeg, s);
}

int scan_reserve(struct scan *s, const struct jpeg_decompress_struct *jpeg, struct error *err)
{
    void *bytes = s->bytes;
    size_t before = s->capacity, need;
    if (!size_add(jpeg->src->bytes_in_buffer, HUFFMAN_PAD, &need))
        return error_set(err, ERROR_FAILED, NULL, "no memory for %zu bytes",
                         jpeg->src->bytes_in_buffer);
    if (memory_grow(&bytes, &s->capacity, need, 1, err) < 0)
        return -1;
    s->bytes = bytes;
    memset(s->bytes + before, 0, s->capacity - before);
    for (int i = 0; i < jpeg->comps_in_scan; i++) {
        const jpeg_component_info *c = jpeg->cur_comp_info[i];
        struct huffman **dc = &s->dc[c->dc_tbl_no % NUM_HUFF_TBLS];
        struct huffman **ac = &s->ac[c->ac_tbl_no % NUM_HUFF_TBLS];
        if ((!*dc && !(*dc = memory_array(1, sizeof(**dc), err))) ||
            (!*ac && !(*ac = memory_array(1, sizeof(**ac), err))))
            return -1;
    }
    return 0;
}

void scan_release(struct scan *s)
{
    for (int i = 0; i < NUM_HUFF_TBLS; i++) {
        free(s->dc[i]);
        free(s->ac[i]);
    }
    free(s->bytes);
}

#if HAVE_PARTS
static bool is_wanted(const struct scan *s, const struct jpeg_decompress_struct *jpeg)
{
    return s->column >= jpeg->master->first_iMCU_col && s->column <= jpeg->master->last_iMCU_col;
}

/* The scan's last MCU was decoded: libjpeg goes on with the marker behind it. */
static void finish(j_decompress_ptr jpeg, const struct scan *s)
{
    check_all_used(jpeg, s);
    jpeg->src->next_input_byte = s->file;
    jpeg->src->bytes_in_buffer = (size_t)(s->file_end - s->file);
}

/* One block; NULL: nobody wants it. */
static bool decode_block(struct scan *s, const jpeg_component_info *c, int *value, JCOEF *block)
{
    const struct huffman *dc = s->dc[c->dc_tbl_no], *ac = s->ac[c->ac_tbl_no];
    if (!block)
        return huffman_skip(dc, ac, &s->reader, value);
    if (!huffman_block(dc, ac, &s->reader, value, block))
        return false;
    block[0] = (JCOEF)*value;
    return true;
}

/* Takes the place of libjpeg's own: blocks are NULL in rows that are skipped, and zero otherwise.
 */
static boolean decode_mcu(j_decompress_ptr jpeg, JBLOCKROW *blocks)
{
    struct scan *s = &((struct jpeg_decoder *)jpeg->client_data)->scan;
    JBLOCK unwanted;
    if (jpeg->restart_interval && s->segment_mcus == 0)
        next_segment(jpeg, s);
    bool wanted = blocks && is_wanted(s, jpeg);
    for (int i = 0; i < jpeg->blocks_in_MCU; i++) {
        int c = jpeg->MCU_membership[i];
        JCOEF *block = wanted ? blocks[i][0] : s->skips ? NULL : unwanted;
        if (!decode_block(s, jpeg->cur_comp_info[c], &s->dc_value[c], block) ||
            bit_reader_used(&s->reader, s->bytes) > s->segment_bits)
            give_up(jpeg);
    }
    s->segment_mcus--;
    if (++s->column == jpeg->MCUs_per_row)
        s->column = 0;
    if (--s->mcus == 0)
        finish(jpeg, s);
    return TRUE;
}

void scan_begin(struct scan *s, j_decompress_ptr jpeg, int64_t unwanted)
{
    int64_t mcu = (int64_t)jpeg->max_h_samp_factor * jpeg->max_v_samp_factor * DCTSIZE2;
    s->skips = unwanted * jpeg->blocks_in_MCU / mcu >= SKIPPED_MIN;
    for (int i = 0; i < jpeg->comps_in_scan; i++) {
        const jpeg_component_info *c = jpeg->cur_comp_info[i];
        const JHUFF_TBL *dc = jpeg->dc_huff_tbl_ptrs[c->dc_tbl_no];
        const JHUFF_TBL *ac = jpeg->ac_huff_tbl_ptrs[c->ac_tbl_no];
        if (!huffman_make(s->dc[c->dc_tbl_no], dc->bits, dc->huffval) ||
            !huffman_make(s->ac[c->ac_tbl_no], ac->bits, ac->huffval))
            return;
        if (s->skips)
            huffman_make_skip(s->ac[c->ac_tbl_no]);
    }
    s->file = jpeg->src->next_input_byte;
    s->file_end = s->file + jpeg->src->bytes_in_buffer;
    s->mcus = (uint64_t)jpeg->MCUs_per_row * jpeg->MCU_rows_in_scan;
    s->column = 0;
    s->restart = 0;
    begin_segment(jpeg, s);
    jpeg->entropy->decode_mcu = decode_mcu;
}
#else
void scan_begin(struct scan *s, j_decompress_ptr jpeg, int64_t unwanted)
{
    (void)s;
    (void)jpeg;
    (void)unwanted;
}
#endif
