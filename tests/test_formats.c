/*
 * Claim: docs/formats.md says what the code does: its known answers (made by make_formats.py, which
 * shares no code with it) come out, and the hashes of a data set and of a batch are those of the
 * bytes it describes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/file.h"
#include "base/hash.h"
#include "loader/order.h"
#include "loader/stream.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { ANSWER = 512 };

static void print_words(char *out, const uint32_t *w, int count)
{
    out[0] = '\0';
    for (int i = 0; i < count; i++)
        snprintf(out + strlen(out), ANSWER - strlen(out), "%s%08" PRIx32, i ? " " : "", w[i]);
}

static void answer_philox(const char *question, char *out)
{
    uint32_t c[4], k[2], w[4];
    ck_assert_int_eq(
        sscanf(question, "philox %x %x %x %x %x %x", &c[0], &c[1], &c[2], &c[3], &k[0], &k[1]), 6);
    philox4x32(c, k, w);
    print_words(out, w, 4);
}

static void answer_hash64(const char *question, char *out)
{
    const char *text = strchr(question, '"') + 1;
    snprintf(out, ANSWER, "%016" PRIx64, hash64(text, (size_t)(strrchr(question, '"') - text)));
}

static void answer_crc32(const char *question, char *out)
{
    const char *text = strchr(question, '"') + 1;
    snprintf(out, ANSWER, "%08" PRIx32, crc32_of(text, (size_t)(strrchr(question, '"') - text)));
}

static void answer_crc32c(const char *question, char *out)
{
    const char *text = strchr(question, '"') + 1;
    snprintf(out, ANSWER, "%08" PRIx32, crc32c_of(text, (size_t)(strrchr(question, '"') - text)));
}

static void answer_key(const char *question, char *out)
{
    uint64_t seed;
    char domain[32], name[64];
    uint32_t occurrence;
    ck_assert_int_eq(
        sscanf(question, "key %" SCNu64 " %31s %63s %" SCNu32, &seed, domain, name, &occurrence),
        4);
    struct rng_key key = rng_derive(seed, domain, name, occurrence);
    print_words(out, key.word, 2);
}

static void answer_draw(const char *question, char *out)
{
    uint64_t seed, id;
    char kind[16], domain[32], name[64];
    uint32_t epoch;
    ck_assert_int_eq(sscanf(question, "%15s %" SCNu64 " %31s %63s %" SCNu64 " %" SCNu32, kind,
                            &seed, domain, name, &id, &epoch),
                     6);
    struct rng rng = rng_start(rng_derive(seed, domain, name, 0), id, epoch);
    if (strcmp(kind, "uniform") == 0) {
        snprintf(out, ANSWER, "%.17g", rng_uniform(&rng));
    } else if (strcmp(kind, "below-225") == 0) {
        snprintf(out, ANSWER, "%" PRIu64, rng_below(&rng, 225));
    } else {
        uint64_t a = rng_u64(&rng), b = rng_u64(&rng), c = rng_u64(&rng);
        snprintf(out, ANSWER, "%016" PRIx64 " %016" PRIx64 " %016" PRIx64, a, b, c);
    }
}

static void answer_order(const char *question, char *out)
{
    uint64_t n, seed;
    uint32_t epoch;
    ck_assert_int_eq(sscanf(question, "order %" SCNu64 " %" SCNu64 " %" SCNu32, &n, &seed, &epoch),
                     3);
    struct order order = order_make(n, seed, true);
    out[0] = '\0';
    for (uint64_t p = 0; p < n && p < 8; p++)
        snprintf(out + strlen(out), ANSWER - strlen(out), "%s%" PRIu64, p ? " " : "",
                 order_at(&order, epoch, p));
}

static const struct {
    const char *begins;
    void (*answer)(const char *question, char *out);
} kinds[] = {
    { "philox ", answer_philox }, { "hash64 ", answer_hash64 },  { "crc32 ", answer_crc32 },
    { "crc32c ", answer_crc32c }, { "key ", answer_key },        { "draws ", answer_draw },
    { "uniform ", answer_draw },  { "below-225 ", answer_draw }, { "order ", answer_order },
};

static void check_line(char *line)
{
    char *expected = strstr(line, " = ");
    ck_assert_msg(expected != NULL, "%s", line);
    *expected = '\0';
    expected += 3;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        char out[ANSWER];
        if (strncmp(line, kinds[i].begins, strlen(kinds[i].begins)) != 0)
            continue;
        kinds[i].answer(line, out);
        /* Decimal fractions are compared as numbers: there is more than one way to write them. */
        if (strchr(expected, '.'))
            ck_assert_double_eq(strtod(out, NULL), strtod(expected, NULL));
        else
            ck_assert_msg(strcmp(out, expected) == 0, "%s = %s, the page says %s", line, out,
                          expected);
        return;
    }
    ck_abort_msg("%s: what is it?", line);
}

START_TEST(known_answers)
{
    struct buffer page = { 0 }, stored = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(file_read("docs/formats.md", FILE_LIMIT, &page, &err), 0);
    ck_assert_int_eq(file_read("tests/golden/formats.txt", FILE_LIMIT, &stored, &err), 0);
    ck_assert_msg(strstr(page.data, stored.data) != NULL,
                  "docs/formats.md does not hold tests/golden/formats.txt as it is");
    int lines = 0;
    char *rest = NULL;
    for (char *line = strtok_r(stored.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        check_line(line);
        lines++;
    }
    ck_assert_int_ge(lines, 30);
    buffer_release(&page);
    buffer_release(&stored);
}
END_TEST

static void open_tiny(struct tiny *tiny, struct index **index)
{
    struct error err = { 0 };
    tiny_make(tiny, &(struct tiny_shape){ 3, 14, 32, 32, 0 });
    ck_assert_msg(index_open(index, tiny->root, NULL, &err) == 0, "%s", err.message);
}

START_TEST(data_set_hash)
{
    struct tiny tiny;
    struct index *index;
    struct error err = { 0 };
    struct buffer text = { 0 };
    char hex[65];
    open_tiny(&tiny, &index);
    /* tiny's images in order of their keys: a/000, a/003, ..., b/001, ... */
    for (int c = 0; c < 3; c++)
        for (int i = c; i < 14; i += 3)
            ck_assert_int_eq(buffer_print(&text, &err, "%c/%03d\t%d\n", 'a' + c, i, c), 0);
    ck_assert_int_eq(sha256_of(text.data, text.size, hex, &err), 0);
    ck_assert_str_eq(index_hash(index), hex);
    buffer_release(&text);
    index_close(index);
    tiny_remove(&tiny);
}
END_TEST

static void put(uint8_t **at, const void *value, size_t size)
{
    memcpy(*at, value, size);
    *at += size;
}

/* By mixing. */
START_TEST(batch_checksums)
{
    static const char text[] = "{augment: [{center_crop: 16}], mix: [mixup]}";
    struct tiny tiny;
    struct index *index;
    struct error err = { 0 };
    struct config *config;
    struct recipe *recipe;
    struct mix *mix = NULL;
    struct stream *stream;
    struct stream_options o = stream_defaults();
    struct batch b;
    open_tiny(&tiny, &index);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_int_eq(recipe_open(&recipe, node_get(config_root(config), "augment"), 0, &err), 0);
    if (_i)
        ck_assert_int_eq(mix_open(&mix, node_get(config_root(config), "mix"), 0, &err), 0);
    o.batch = 8;
    o.last = LAST_KEEP;
    o.start = 1; /* the short batch of epoch 0 */
    ck_assert_msg(stream_open(&stream, index, recipe, mix, &o, &err) == 0, "%s", err.message);
    ck_assert_int_eq(stream_next(stream, &b, &err), 1);
    ck_assert_uint_eq(b.header->valid, 6);
    uint64_t ids = 0, content = 0;
    size_t bytes = sizeof(float) * 3 * 16 * 16;
    for (uint64_t i = 0; i < 8; i++) {
        uint8_t record[40], *at = record;
        uint64_t position = 8 + i, pixels = hash64((const uint8_t *)b.images + i * bytes, bytes);
        float one = 1;
        put(&at, &position, 8);
        put(&at, &b.id[i], 8);
        ids += hash64(record, 16);
        at = record;
        put(&at, &position, 8);
        put(&at, &pixels, 8);
        put(&at, &b.label[i], 8);
        put(&at, mix ? &b.label_b[i] : &b.label[i], 8);
        put(&at, mix ? &b.lambda[i] : &one, 4);
        put(&at, &b.weight[i], 4);
        content += hash64(record, 40);
    }
    struct batch_sums sums = batch_checksum(stream, &b);
    ck_assert_uint_eq(sums.ids, ids);
    ck_assert_uint_eq(sums.content, content);
    stream_close(stream);
    mix_close(mix);
    recipe_close(recipe);
    config_close(config);
    index_close(index);
    tiny_remove(&tiny);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("formats");
    tcase_add_test(cases, known_answers);
    tcase_add_test(cases, data_set_hash);
    tcase_add_loop_test(cases, batch_checksums, 0, 2);
    return suite_run();
}
