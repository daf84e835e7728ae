/*
 * The pixels of a JPEG whose header has been read: which part of it to decode, from the file itself
 * or from a smaller one that is cut out of it, and the rows as RGB.
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
        .interval = jpeg->restart_interval,
    };
}

/* Read the header of the smaller JPEG, or once more that of the file; its color space is known. */
static int enter(struct jpeg_decoder *j, const uint8_t *bytes, size_t size, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    if (setjmp(j->out))
        return jpeg_decoder_refuse(j, err);
    jpeg_abort_decompress(jpeg);
    jpeg_mem_src(jpeg, bytes, size);
    jpeg_read_header(jpeg, TRUE);
    jpeg->jpeg_color_space = j->color_space;
    return 0;
}

/* Put the smaller JPEG of `cut` in the place of the file at hand. 1: done; 0: the file's markers
 * are not in order, and nothing was changed. */
static int enter_cut(struct jpeg_decoder *j, const struct restart_cut *cut, struct error *err)
{
    struct jpeg_source_mgr *source = j->jpeg.src;
    int rc = restart_extract(&j->restart, &j->jpeg, source->next_input_byte,
                             source->bytes_in_buffer, cut, err);
    if (rc != 1)
        return rc;
    return enter(j, j->restart.file, j->restart.size, err) < 0 ? -1 : 1;
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

/* Pixels above and beside `region`. */
static int64_t outside(const struct jpeg_decompress_struct *jpeg, struct rect region)
{
    return (int64_t)jpeg->image_width * (region.y + region.height) -
           (int64_t)region.width * region.height;
}

/* `region` of the file at hand, which begins at a multiple of the MCU's width. 1: it is to be
 * decoded by libjpeg alone. */
static int read_region(struct jpeg_decoder *j, struct rect region, bool alone, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    JDIMENSION x = (JDIMENSION)region.x, width = (JDIMENSION)region.width;
    switch (setjmp(j->out)) {
    case 0:
        break;
    case JPEG_AGAIN:
        return 1;
    default:
        return jpeg_decoder_refuse(j, err);
    }
    jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->progress = &j->progress;
    jpeg_start_decompress(jpeg);
    jpeg_crop_scanline(jpeg, &x, &width);
    assert(x == (JDIMENSION)region.x && width == (JDIMENSION)region.width);
    if (!alone)
        scan_begin(&j->scan, jpeg, outside(jpeg, region));
    jpeg_skip_scanlines(jpeg, (JDIMENSION)region.y);
    read_rows(j, region);
    if (jpeg->output_scanline == jpeg->output_height)
        jpeg_finish_decompress(jpeg);
    else
        jpeg_abort_decompress(jpeg);
    return 0;
}

/* The same, by libjpeg alone where nothing else will do. */
static int decode_region(struct jpeg_decoder *j, struct rect region, const uint8_t *bytes,
                         size_t size, struct error *err)
{
    bool alone = j->owner->options.plain || !is_plain(&j->jpeg);
    if (!alone && scan_reserve(&j->scan, &j->jpeg, err) < 0)
        return -1;
    int rc = read_region(j, region, alone, err);
    if (rc == 1)
        rc = enter(j, bytes, size, err) < 0 ? -1 : read_region(j, region, true, err);
    return rc;
}

/* What to decode of the file at hand, or of the smaller one that takes its place, whose first pixel
 * is (*x, *y) of the image: then 1, otherwise 0. */
static int choose_region(struct jpeg_decoder *j, struct rect need, struct rect *region, int *x,
                         int *y, struct error *err)
{
    struct jpeg_grid grid = grid_of(&j->jpeg);
    struct restart_cut cut;
    int rc = 0;
    *region = (struct rect){ 0, 0, grid.width, grid.height };
    *x = *y = 0;
    if (!is_plain(&j->jpeg) || !region_pays(&grid, region_around(&grid, need)))
        return 0;
    if (restart_cut(&grid, need, &cut)) {
        rc = enter_cut(j, &cut, err);
        if (rc != 1) /* 0: all of a damaged file is decoded, so that it is refused */
            return rc;
        *x = cut.pixels.x;
        *y = cut.pixels.y;
        grid.width = cut.pixels.width;
        grid.height = cut.pixels.height;
        need.x -= *x;
        need.y -= *y;
    }
    *region = region_around(&grid, need);
    return rc;
}

int jpeg_decoder_pixels(struct jpeg_decoder *j, struct rect need, struct rect *got,
                        struct error *err)
{
    struct rect region;
    int x, y;
    j->color_space = j->jpeg.jpeg_color_space;
    int cut = choose_region(j, need, &region, &x, &y, err);
    if (cut < 0 || decode_reserve(j->owner, region, err) < 0 ||
        (j->jpeg.num_components == 4 && reserve_line(j, err) < 0) ||
        decode_region(j, region, cut ? j->restart.file : j->owner->bytes,
                      cut ? j->restart.size : j->owner->size, err) < 0)
        return -1;
    *got = (struct rect){ x + region.x, y + region.y, region.width, region.height };
    return 0;
}
