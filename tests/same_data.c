#include "tests/same_data.h"

#include <check.h>
#include <string.h>

#include "loader/decode.h"

struct index *same_data_open(const char *data, const struct index_options *options)
{
    struct index *index;
    struct error err = { 0 };
    ck_assert_msg(index_open(&index, data, options, &err) == 0, "%s: %s", err.place, err.message);
    return index;
}

static int decode(struct decoder *decoder, const struct buffer *file, struct image *image)
{
    struct decode_info info;
    struct error err = { 0 };
    int x, y;
    if (decode_header(decoder, file->data, file->size, &info, &err) < 0)
        return -1;
    struct rect all = { 0, 0, info.width, info.height };
    return decode_pixels(decoder, all, image, &x, &y, &err);
}

void same_data_check(const char *source, const char *packed, const struct index_options *options)
{
    struct index *a = same_data_open(source, options), *b = same_data_open(packed, options);
    struct decoder *decoders[2];
    struct buffer files[2] = { { 0 }, { 0 } };
    struct error err = { 0 };
    ck_assert_int_eq(decoder_open(&decoders[0], NULL, &err), 0);
    ck_assert_int_eq(decoder_open(&decoders[1], NULL, &err), 0);
    ck_assert_str_eq(index_hash(a), index_hash(b));
    ck_assert_uint_eq(index_count(a), index_count(b));
    ck_assert_int_eq(index_classes(a), index_classes(b));
    for (int64_t c = 0; c < index_classes(a); c++) {
        const char *name = index_class_name(a, c), *other = index_class_name(b, c);
        ck_assert_msg(name == other || (name && other && strcmp(name, other) == 0), "%s %s", name,
                      other);
    }
    for (uint64_t id = 0; id < index_count(a); id++) {
        struct image images[2];
        const char *key = index_sample(a, id).key;
        ck_assert_str_eq(key, index_sample(b, id).key);
        ck_assert_int_eq(index_sample(a, id).label, index_sample(b, id).label);
        ck_assert_int_eq(index_read(a, id, &files[0], &err), 0);
        ck_assert_int_eq(index_read(b, id, &files[1], &err), 0);
        int rc = decode(decoders[0], &files[0], &images[0]);
        ck_assert_int_eq(rc, decode(decoders[1], &files[1], &images[1]));
        if (rc < 0) {
            ck_assert_uint_eq(files[0].size, files[1].size);
            ck_assert_int_eq(memcmp(files[0].data ? files[0].data : "",
                                    files[1].data ? files[1].data : "", files[0].size),
                             0);
            continue;
        }
        ck_assert_int_eq(images[0].width, images[1].width);
        ck_assert_int_eq(images[0].height, images[1].height);
        ck_assert_msg(memcmp(images[0].pixels, images[1].pixels,
                             images[0].stride * (size_t)images[0].height) == 0,
                      "%s has other pixels", key);
    }
    for (int i = 0; i < 2; i++) {
        decoder_close(decoders[i]);
        buffer_release(&files[i]);
    }
    index_close(a);
    index_close(b);
}
