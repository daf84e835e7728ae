/*
 * Claim: what the ImageNet recipe needs of 200 photographs, decoded as needed, has the pixels of a
 * full decode, to the bit: from the files as they are, as they are packed, and from the same
 * coefficients with restart markers every few MCUs, every row, every other row, and where they do
 * not tile the rows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "augment/recipe.h"
#include "base/config.h"
#include "loader/decode.h"
#include "loader/index.h"
#include "loader/pack_jpeg.h"
#include "tests/picture.h"
#include "tests/scale.h"
#include "tests/suite.h"

enum { EPOCHS = 10, INTERVALS = 5, PACK_PIXELS = 64 };

static struct config *config;
static struct recipe *recipe;
static struct index *photos;
static struct decoder *whole_decoder, *part_decoder;
static struct transcoder *transcoder;
static struct plan plan;

static void setup(void)
{
    const char *folder = getenv("TENFOLD_DATA");
    ck_assert_msg(folder != NULL, "TENFOLD_DATA must name the folder of the real data");
    char path[1024];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/photos", folder);
    ck_assert_msg(config_open(&config, "configs/imagenet_resnet.yaml", &err) == 0, "%s: %s",
                  err.place, err.message);
    ck_assert_int_eq(recipe_open(&recipe, node_get(config_root(config), "augment"), 1, &err), 0);
    ck_assert_msg(index_open(&photos, path, NULL, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_uint_eq(index_count(photos), 200);
    ck_assert_int_eq(decoder_open(&whole_decoder,
                                  &(struct decode_options){ .whole = true, .plain = true }, &err),
                     0);
    ck_assert_int_eq(decoder_open(&part_decoder, NULL, &err), 0);
    ck_assert_int_eq(transcoder_open(&transcoder, &err), 0);
}

static void teardown(void)
{
    transcoder_close(transcoder);
    decoder_close(part_decoder);
    decoder_close(whole_decoder);
    index_close(photos);
    recipe_close(recipe);
    config_close(config);
}

/* The rectangle that the recipe draws in `epoch`. */
static struct image decode(struct decoder *d, const void *bytes, size_t size, uint64_t id,
                           uint32_t epoch, struct rect *need, int *x, int *y)
{
    struct decode_info info;
    struct image image;
    struct error err = { 0 };
    ck_assert_msg(decode_header(d, bytes, size, &info, &err) == 0, "%s", err.message);
    ck_assert_int_eq(recipe_draw(recipe, id, epoch, info.width, info.height, &plan, &err), 0);
    *need = plan_needs(&plan);
    ck_assert_msg(decode_pixels(d, *need, &image, x, y, &err) == 0, "%s", err.message);
    return image;
}

/* The pixels decoded for all of them; `whole` is the image. */
static uint64_t check_file(const struct image *whole, const void *bytes, size_t size, uint64_t id)
{
    uint64_t decoded = 0;
    for (uint32_t epoch = 0; epoch < (uint32_t)test_scaled(EPOCHS); epoch++) {
        struct rect need;
        int x, y;
        struct image part = decode(part_decoder, bytes, size, id, epoch, &need, &x, &y);
        picture_check("photograph", whole, &part, x, y, need);
        decoded += (uint64_t)part.width * (uint64_t)part.height;
    }
    return decoded;
}

START_TEST(crops_of_photographs)
{
    struct buffer file = { 0 }, packed = { 0 };
    struct error err = { 0 };
    uint64_t pixels = 0, decoded[2 + INTERVALS] = { 0 };
    for (uint64_t id = 0; id < index_count(photos); id++) {
        struct rect need;
        int x, y;
        ck_assert_int_eq(index_read(photos, id, &file, &err), 0);
        struct image whole = decode(whole_decoder, file.data, file.size, id, 0, &need, &x, &y);
        ck_assert(x == 0 && y == 0);
        pixels += (uint64_t)whole.width * (uint64_t)whole.height * (uint64_t)test_scaled(EPOCHS);
        decoded[0] += check_file(&whole, file.data, file.size, id);
        ck_assert_int_eq(transcode(transcoder, file.data, file.size, PACK_PIXELS, &packed, &err),
                         0);
        decoded[1] += check_file(&whole, packed.data, packed.size, id);
        int columns = jpeg_form_columns(file.data, file.size);
        int intervals[INTERVALS] = { jpeg_form_interval(columns), 1, columns, 2 * columns,
                                     columns + 1 };
        for (int i = 0; i < INTERVALS; i++) {
            struct picture_file restart;
            ck_assert_int_eq(jpeg_form_transcode(file.data, file.size, intervals[i], &restart.bytes,
                                                 &restart.size),
                             0);
            decoded[2 + i] += check_file(&whole, restart.bytes, restart.size, id);
            free(restart.bytes);
        }
    }
    for (int i = 0; i < 2 + INTERVALS; i++)
        ck_assert_uint_lt(decoded[i], pixels / 2); /* the crops have a third of the pixels */
    buffer_release(&packed);
    buffer_release(&file);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_decode");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, crops_of_photographs);
    return suite_run();
}
