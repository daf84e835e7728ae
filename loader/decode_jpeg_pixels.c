/* The pixels of a JPEG whose header has been read: its rows as RGB. */
#include "base/memory.h"
#include "loader/decode_jpeg.h"

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

int jpeg_decoder_pixels(struct jpeg_decoder *j, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    if (jpeg->num_components == 4 && reserve_line(j, err) < 0)
        return -1;
    if (setjmp(j->out))
        return jpeg_decoder_refuse(j, err);
    jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->progress = &j->progress;
    jpeg_start_decompress(jpeg);
    size_t stride = 3 * (size_t)jpeg->output_width;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = j->owner->pixels + (size_t)jpeg->output_scanline * stride;
        if (jpeg->out_color_space == JCS_CMYK) {
            jpeg_read_scanlines(jpeg, &j->line, 1);
            cmyk_to_rgb(j->line, (int)jpeg->output_width, to);
            continue;
        }
        JSAMPROW rows[ROWS_AT_ONCE];
        JDIMENSION left = jpeg->output_height - jpeg->output_scanline;
        JDIMENSION count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (JDIMENSION i = 0; i < count; i++)
            rows[i] = to + i * stride;
        jpeg_read_scanlines(jpeg, rows, count);
    }
    jpeg_finish_decompress(jpeg);
    return 0;
}
