#include "loader/decode_whole.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int copy(const struct image *from, struct image *image, struct error *err)
{
    *image = (struct image){ NULL, from->width, from->height, 3 * (size_t)from->width };
    image->pixels = memory_array((size_t)from->height, image->stride, err);
    if (!image->pixels)
        return -1;
    for (size_t y = 0; y < (size_t)from->height; y++)
        memcpy(image->pixels + y * image->stride, from->pixels + y * from->stride, image->stride);
    return 0;
}

int decode_whole(const struct index *index, uint64_t id, const struct decode_options *options,
                 struct image *image, struct error *err)
{
    struct decoder *decoder;
    struct decode_info info;
    struct buffer bytes = { 0 };
    struct image decoded;
    int x, y;
    if (decoder_open(&decoder, options, err) < 0)
        return -1;
    int rc = index_read(index, id, &bytes, err);
    if (rc == 0 && (decode_header(decoder, bytes.data, bytes.size, &info, err) < 0 ||
                    decode_pixels(decoder, (struct rect){ 0, 0, info.width, info.height }, &decoded,
                                  &x, &y, err) < 0))
        rc = index_blame(index, id, err);
    if (rc == 0)
        rc = copy(&decoded, image, err);
    buffer_release(&bytes);
    decoder_close(decoder);
    return rc;
}
