#include "loader/decode_restart.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
    SOF1 = 0xC1, /* sequential Huffman coding with up to four tables */
    RST0 = 0xD0,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DRI = 0xDD,
    HEADER_MAX = 64, /* of what put_header writes for three components: 43 */
    MARKER = 2,      /* bytes of one */
};

size_t marker_find_plain(const uint8_t *bytes, size_t at, size_t size)
{
    for (; at + 1 < size; at++)
        if (bytes[at] == 0xFF && bytes[at + 1] != 0)
            return at;
    return size;
}

size_t marker_find(const uint8_t *bytes, size_t at, size_t size)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        return marker_find_avx2(bytes, at, size);
#endif
    return marker_find_plain(bytes, at, size);
}

/* Find where the scan's `count` segments lie. False when markers are missing, too many or out of
 * order, or anything but the end of the image follows. */
static bool find_segments(struct restart_segment *segments, size_t count, const uint8_t *scan,
                          size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        segments[i].start = at;
        segments[i].end = at = marker_find(scan, at, size);
        while (at < size && scan[at] == 0xFF) /* any number of fill bytes */
            at++;
        int expected = i + 1 < count ? RST0 + (int)(i % 8) : EOI;
        if (at == size || scan[at] != expected)
            return false;
        at++;
    }
    return true;
}

static uint8_t *put_marker(uint8_t *to, int code)
{
    *to++ = 0xFF;
    *to++ = (uint8_t)code;
    return to;
}

static uint8_t *put_u16(uint8_t *to, unsigned value)
{
    *to++ = (uint8_t)(value >> 8);
    *to++ = (uint8_t)value;
    return to;
}

/* Components are named by their place in the frame, whatever the file calls them. */
static uint8_t *put_header(uint8_t *to, const struct jpeg_decompress_struct *jpeg,
                           const struct restart_cut *cut)
{
    int n = jpeg->num_components;
    to = put_marker(to, SOI);
    to = put_marker(to, SOF1);
    to = put_u16(to, 8 + 3 * (unsigned)n);
    *to++ = (uint8_t)jpeg->data_precision;
    to = put_u16(to, (unsigned)cut->pixels.height);
    to = put_u16(to, (unsigned)cut->pixels.width);
    *to++ = (uint8_t)n;
    for (int i = 0; i < n; i++) {
        const jpeg_component_info *c = &jpeg->comp_info[i];
        *to++ = (uint8_t)(1 + i);
        *to++ = (uint8_t)(c->h_samp_factor << 4 | c->v_samp_factor);
        *to++ = (uint8_t)c->quant_tbl_no;
    }
    to = put_marker(to, DRI);
    to = put_u16(to, 4);
    to = put_u16(to, jpeg->restart_interval);
    to = put_marker(to, SOS);
    to = put_u16(to, 6 + 2 * (unsigned)n);
    *to++ = (uint8_t)n;
    for (int i = 0; i < n; i++) {
        const jpeg_component_info *c = jpeg->cur_comp_info[i];
        *to++ = (uint8_t)(1 + c->component_index);
        *to++ = (uint8_t)(c->dc_tbl_no << 4 | c->ac_tbl_no);
    }
    *to++ = (uint8_t)jpeg->Ss;
    *to++ = (uint8_t)jpeg->Se;
    *to++ = (uint8_t)(jpeg->Ah << 4 | jpeg->Al);
    return to;
}

/* Room for the file: an upper bound, since what lies between two segments is a marker or more. */
static int reserve(struct restart *r, const struct restart_cut *cut, struct error *err)
{
    size_t need = HEADER_MAX + MARKER;
    for (int j = 0; j < cut->segments.height; j++) {
        const struct restart_segment *row =
            &r->segments[(size_t)(cut->segments.y + j) * (size_t)cut->across +
                         (size_t)cut->segments.x];
        need += row[cut->segments.width - 1].end - row[0].start + MARKER;
    }
    void *file = r->file;
    if (memory_grow(&file, &r->capacity, need, 1, err) < 0)
        return -1;
    r->file = file;
    return 0;
}

static uint8_t *put_segments(uint8_t *to, const struct restart *r, const uint8_t *scan,
                             const struct restart_cut *cut)
{
    size_t count = (size_t)cut->segments.width * (size_t)cut->segments.height, done = 0;
    for (int j = 0; j < cut->segments.height; j++)
        for (int i = 0; i < cut->segments.width; i++) {
            const struct restart_segment *s =
                &r->segments[(size_t)(cut->segments.y + j) * (size_t)cut->across +
                             (size_t)(cut->segments.x + i)];
            memcpy(to, scan + s->start, s->end - s->start);
            to += s->end - s->start;
            to = put_marker(to, done + 1 == count ? EOI : RST0 + (int)(done % 8));
            done++;
        }
    return to;
}

int restart_extract(struct restart *r, const struct jpeg_decompress_struct *jpeg,
                    const uint8_t *scan, size_t size, const struct restart_cut *cut,
                    struct error *err)
{
    size_t count = (size_t)cut->across * (size_t)cut->down;
    if (count > size / MARKER) /* before memory is taken: each ends in a marker */
        return 0;
    void *segments = r->segments;
    if (memory_grow(&segments, &r->segments_capacity, count, sizeof(*r->segments), err) < 0)
        return -1;
    r->segments = segments;
    if (!find_segments(r->segments, count, scan, size))
        return 0;
    if (reserve(r, cut, err) < 0)
        return -1;
    uint8_t *end = put_segments(put_header(r->file, jpeg, cut), r, scan, cut);
    r->size = (size_t)(end - r->file);
    return 1;
}

void restart_release(struct restart *r)
{
    free(r->segments);
    free(r->file);
}
