/*
 * The pixels of a JPEG whose header has been read: which part of it to decode, and its rows as RGB.
 */
#include <assert.h>

#include "base/memory.h"
#include "loader/decode_jpeg.h"
#include "loader/decode_region.h"

enum { ROWS_AT_ONCE = 16 };

/* Pillow's rounding of a * b / 255. */
static unsigned muldiv255(unsigned a, unsigned b)
{
    unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/* `line` as the file has it: inverted, so 255 is no ink. */
static void cmyk_to_rgb(const uint8_t *line, int width, uint8_t *out)
{
    for (int x = 0; x < width; x++, line += 4, out += 3) {
        unsigned white = line[3];
        for (int c = 0; c < 3; c++)
            out[c] = (uint8_t)(white - muldiv255(255u - line[c], white));
    }
}

static int reserve_line(struct jpeg_decoder *j, struct error *err)
{
    void *line = j->line;
    if (memory_grow(&line, &j->line_capacity, 4 * (size_t)j->owner->info.width, 1, err) < 0)
        return -1;
    j->line = line;
    return 0;
}

/* The common kind, of which parts can be decoded: sequential Huffman coding, 8 bits, all components
 * in one scan. */
static bool is_plain(const struct jpeg_decompress_struct *jpeg)
{
    return !jpeg->progressive_mode && !jpeg->arith_code && jpeg->data_precision == 8 &&
           (jpeg->num_components == 1 || jpeg->num_components == 3) &&
           jpeg->comps_in_scan == jpeg->num_components;
}

static struct jpeg_grid grid_of(const struct jpeg_decompress_struct *jpeg)
{
    /* An MCU of one component alone is one block, whatever its sampling factors say. */
    bool alone = jpeg->num_components == 1;
    int h = alone ? 1 : jpeg->max_h_samp_factor, v = alone ? 1 : jpeg->max_v_samp_factor;
    return (struct jpeg_grid){
        .width = (int)jpeg->image_width,
        .height = (int)jpeg->image_height,
        .mcu_width = DCTSIZE * h,
        .mcu_height = DCTSIZE * v,
        .reach_x = h > 1 ? h : 0,
        .reach_y = v > 1 ? v : 0,
    };
}

static void read_rows(struct jpeg_decoder *j, struct rect region)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    JDIMENSION end = (JDIMENSION)(region.y + region.height);
    size_t stride = 3 * (size_t)region.width;
    uint8_t *to = j->owner->pixels;
    while (jpeg->output_scanline < end) {
        if (jpeg->out_color_space == JCS_CMYK) {
            jpeg_read_scanlines(jpeg, &j->line, 1);
            cmyk_to_rgb(j->line, region.width, to);
            to += stride;
            continue;
        }
        JSAMPROW rows[ROWS_AT_ONCE];
        JDIMENSION left = end - jpeg->output_scanline;
        JDIMENSION count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (JDIMENSION i = 0; i < count; i++)
            rows[i] = to + i * stride;
        to += jpeg_read_scanlines(jpeg, rows, count) * stride;
    }
}

/* `region` of the file at hand, which begins at a multiple of the MCU's width. */
static int read_region(struct jpeg_decoder *j, struct rect region, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    JDIMENSION x = (JDIMENSION)region.x, width = (JDIMENSION)region.width;
    if (setjmp(j->out))
        return jpeg_decoder_refuse(j, err);
    jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->progress = &j->progress;
    jpeg_start_decompress(jpeg);
    jpeg_crop_scanline(jpeg, &x, &width);
    assert(x == (JDIMENSION)region.x && width == (JDIMENSION)region.width);
    jpeg_skip_scanlines(jpeg, (JDIMENSION)region.y);
    read_rows(j, region);
    if (jpeg->output_scanline == jpeg->output_height)
        jpeg_finish_decompress(jpeg);
    else
        jpeg_abort_decompress(jpeg);
    return 0;
}

/* What to decode of the image. */
static struct rect choose_region(const struct jpeg_decompress_struct *jpeg, struct rect need)
{
    struct jpeg_grid grid = grid_of(jpeg);
    struct rect region = region_around(&grid, need);
    if (is_plain(jpeg) && region_pays(&grid, region))
        return region;
    return (struct rect){ 0, 0, grid.width, grid.height };
}

int jpeg_decoder_pixels(struct jpeg_decoder *j, struct rect need, struct rect *got,
                        struct error *err)
{
    *got = choose_region(&j->jpeg, need);
    if (decode_reserve(j->owner, *got, err) < 0 ||
        (j->jpeg.num_components == 4 && reserve_line(j, err) < 0) || read_region(j, *got, err) < 0)
        return -1;
    return 0;
}
