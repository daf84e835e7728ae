/*
 * Claim: a packed data set has the keys, labels, names of classes, hash and pixels of its source;
 * its bytes do not depend on threads or processes; and what cannot be rewritten is in it as it was.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "loader/decode.h"
#include "tests/packing.h"
#include "tests/same_data.h"
#include "tests/scratch.h"
#include "tests/suite.h"

/* Everything that a folder of images may hold. */
static void make_zoo(void)
{
    char name[400];
    static const char *const goldens[] = {
        "rgb_0.jpg", "rgb_1.jpg",   "progressive_0.jpg", "progressive_2.jpg",
        "gray.jpg",  "cmyk.jpg",    "exif6.jpg",         "optimized.jpg",
        "one.jpg",   "palette.png", "rgba.png",          "bit.png",
    };
    for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
        snprintf(name, sizeof(name), "zoo/cats, large/%zu.jpg", i); /* a comma, and PNGs as .jpg */
        packing_golden(name, goldens[i]);
    }
    packing_image("zoo/dogs/large.JPEG", 300, 200, packing_jpeg, 1);
    packing_image("zoo/dogs/x.y.z.jpg", 80, 70, packing_jpeg, 2);
    packing_image("zoo/dogs/x%2ey.jpg", 80, 70, packing_jpeg, 3);
    packing_image("zoo/dogs/x.y.png", 20, 30, packing_png, 4);
    packing_image("zoo/dogs.v2/\xe4 \xc3\xa4\ttab.jpg", 80, 70, packing_jpeg, 5);
    packing_image("zoo/dogs/deep/er/and/deeper/1.jpg", 80, 70, packing_jpeg, 6);
    char long_part[201], *half = long_part + 110;
    memset(long_part, 'n', 200);
    long_part[200] = '\0';
    snprintf(name, sizeof(name), "zoo/dogs/%s.jpg", long_part); /* too long a part for ustar */
    packing_image(name, 80, 70, packing_jpeg, 7);
    snprintf(name, sizeof(name), "zoo/dogs/%s/%s.jpg", half, half); /* it holds it in two fields */
    packing_image(name, 80, 70, packing_jpeg, 8);
    packing_put("zoo/dogs/empty.jpg", "", 0);
    packing_put("zoo/dogs/text.jpg", "no image", 8);
    packing_put("zoo/dogs/animated.gif", "GIF89a and so on", 16);
}

static void find_row(const char *report, const char *key, char *line, size_t size)
{
    FILE *file = fopen(report, "r");
    char wanted[200];
    snprintf(wanted, sizeof(wanted), "\"key\":\"%s\"", key);
    ck_assert_ptr_nonnull(file);
    do
        ck_assert_msg(fgets(line, (int)size, file) != NULL, "%s is not in %s", key, report);
    while (!strstr(line, wanted));
    fclose(file);
}

START_TEST(same_as_source)
{
    make_zoo();
    struct pack_options o = packing_options();
    o.form.restart = 16;
    o.report = "report.jsonl";
    struct pack_result r = packing_must("zoo", "packed", &o);
    same_data_check("zoo", "packed", NULL);
    char pattern[60];
    snprintf(pattern, sizeof(pattern), "packed/shard-{000000..%06d}.tar", (int)r.shards - 1);
    same_data_check("zoo", pattern, NULL);
    ck_assert_uint_eq(r.kinds[PACK_PNG], 4);
    ck_assert_uint_eq(r.kinds[PACK_UNREADABLE], 3);
    ck_assert_uint_eq(r.kinds[PACK_REWRITTEN] + 7, r.images);
    ck_assert(r.complete && r.shards > 3 && r.shards_made == r.shards);
    char line[1000];
    find_row("report.jsonl", "dogs/animated", line, sizeof(line));
    ck_assert_msg(strstr(line, "unreadable") && strstr(line, "is a GIF"), "%s", line);
    /* From a tar again, with its .cls members. */
    packing_must("packed", "repacked", &o);
    same_data_check("zoo", "repacked", NULL);
}
END_TEST

/* What other programs see: GNU tar lists it, and its members are named as WebDataset wants. */
START_TEST(plain_tar)
{
    make_zoo();
    struct pack_options o = packing_options();
    o.shard_bytes = 1000000;
    packing_must("zoo", "packed", &o);
    ck_assert_int_eq(system("tar tf packed/shard-000000.tar > names.txt 2> complaints.txt"), 0);
    ck_assert_int_eq(system("test $(sort names.txt | uniq -d | wc -l) -eq 0 && "
                            "test $(wc -l < names.txt) -eq 46 && "
                            "grep -q 'dogs/x%2ey%2ez.jpg' names.txt && "
                            "grep -q 'dogs/x%252ey.cls' names.txt && "
                            "! grep -v 'Ignoring unknown extended header' complaints.txt"),
                     0);
}
END_TEST

START_TEST(any_threads_and_processes)
{
    packing_photos();
    struct pack_options o = packing_options();
    struct pack_result one = packing_must("photos", "one", &o);
    ck_assert_uint_gt(one.shards, 4);
    static const int threads[] = { 1, 7 };
    for (size_t i = 0; i < 2; i++) {
        char out[20];
        snprintf(out, sizeof(out), "threads%d", threads[i]);
        o.threads = threads[i];
        packing_must("photos", out, &o);
        packing_equal("one", out);
    }
    o.parts = 3;
    uint64_t shards = 0;
    static const int order[] = { 2, 0, 1 };
    for (int i = 0; i < 3; i++) {
        o.part = (uint64_t)order[i];
        struct pack_result r = packing_must("photos", "parts", &o);
        ck_assert(r.complete == (i == 2) && file_exists("parts/pack.json") == (i == 2));
        shards += r.shards_made;
    }
    ck_assert_uint_eq(shards, one.shards);
    packing_equal("one", "parts");
}
END_TEST

START_TEST(bad_images)
{
    packing_photos();
    packing_put("photos/b/bad.jpg", "no image", 8);
    packing_golden("photos/c/cut.jpg", "rgb_0.jpg");
    ck_assert_int_eq(truncate("photos/c/cut.jpg", 700), 0);
    struct error err = { 0 };
    struct pack_options o = packing_options();
    o.on_error = PACK_BAD_FAIL;
    packing_refused("photos", "packed", &o, ERROR_DATA, "photos/b/bad.jpg");
    /* The shards before it are whole and stay; the next run has other options. */
    ck_assert_int_eq(system("rm -r packed"), 0);
    o.on_error = PACK_BAD_SKIP;
    struct pack_result r = packing_must("photos", "skipped", &o);
    ck_assert_uint_eq(r.kinds[PACK_SKIPPED], 2);
    ck_assert_uint_eq(r.images, PHOTOS);
    ck_assert_msg(strstr(r.example[PACK_SKIPPED], "photos/b/bad.jpg"), "%s",
                  r.example[PACK_SKIPPED]);
    struct index *index = same_data_open("skipped", NULL);
    ck_assert_uint_eq(index_count(index), PHOTOS);
    json_t *json = json_read("skipped/pack.json", &err);
    ck_assert_str_eq(json_string_value(json_object_get(json, "dataset")), index_hash(index));
    json_decref(json);
    index_close(index);
    o.on_error = PACK_BAD_KEEP;
    r = packing_must("photos", "kept", &o);
    ck_assert_uint_eq(r.kinds[PACK_UNREADABLE], 2);
    same_data_check("photos", "kept", NULL);
}
END_TEST

/* Files that decode, but not to the same pixels or not at all when they are rewritten. */
START_TEST(kept_as_they_are)
{
    struct buffer file = { 0 };
    struct error err = { 0 };
    packing_golden("x/a/whole.jpg", "progressive_2.jpg");
    ck_assert_int_eq(file_read("x/a/whole.jpg", FILE_LIMIT, &file, &err), 0);
    int scans = 0;
    size_t second = 0;
    for (size_t i = 0; i + 1 < file.size && !second; i++) {
        scans += memcmp(file.data + i, "\xff\xda", 2) == 0;
        if (scans == 1 && memcmp(file.data + i, "\xff\xc4", 2) == 0)
            second = i; /* the tables of the second scan */
    }
    ck_assert_uint_gt(second, 0);
    memcpy(file.data + second, "\xff\xd9", 2); /* DC alone, which libjpeg smooths */
    packing_put("x/a/dc.jpg", file.data, second + 2);
    ck_assert_int_eq(file_read("x/a/whole.jpg", FILE_LIMIT, &file, &err), 0);
    struct buffer odd = { 0 };
    ck_assert_int_eq(buffer_append(&odd, file.data, 20, &err), 0);
    ck_assert_int_eq(buffer_append(&odd, "abc", 3, &err), 0); /* between two markers */
    ck_assert_int_eq(buffer_append(&odd, file.data + 20, file.size - 20, &err), 0);
    packing_put("x/a/odd.jpg", odd.data, odd.size);
    buffer_release(&odd);
    buffer_release(&file);
    struct pack_options o = packing_options();
    o.form.restart = 16;
    o.report = "report.jsonl";
    struct pack_result r = packing_must("x", "packed", &o);
    same_data_check("x", "packed", NULL);
    char line[1000];
    find_row("report.jsonl", "a/dc", line, sizeof(line));
    ck_assert_msg(strstr(line, "unusual") && strstr(line, "pixels"), "%s", line);
    find_row("report.jsonl", "a/odd", line, sizeof(line));
    ck_assert_msg(strstr(line, "damaged") && strstr(line, "extraneous"), "%s", line);
    ck_assert_uint_eq(r.kinds[PACK_UNUSUAL], 1);
    ck_assert_uint_eq(r.kinds[PACK_DAMAGED], 1);
    ck_assert_uint_eq(r.kinds[PACK_REWRITTEN], 1);
}
END_TEST

START_TEST(class_names)
{
    make_zoo();
    const char csv[] = "index,folder\n7,dogs\n2,dogs.v2\n11,\"cats\"\n30,birds\n";
    packing_put("classes.csv", csv, sizeof(csv) - 1);
    ck_assert_int_eq(rename("zoo/cats, large", "zoo/cats"), 0);
    struct index_options by_file = { .classes = "classes.csv" };
    struct pack_options o = packing_options();
    packing_must("zoo", "sorted", &o);
    same_data_check("zoo", "sorted", NULL);
    same_data_check("zoo", "sorted", &by_file); /* the file numbers them as it does the folders */
    struct pack_result r;
    struct error err = { 0 };
    struct index *index = same_data_open("zoo", &by_file);
    ck_assert_int_eq(pack_run(index, "numbered", &o, &r, &err), 0);
    index_close(index);
    same_data_check("zoo", "numbered", &by_file);
    index = same_data_open("numbered", NULL);
    ck_assert_int_eq(index_classes(index), 31);
    ck_assert_str_eq(index_class_name(index, 30), "birds");
    ck_assert_str_eq(index_class_name(index, 7), "dogs");
    ck_assert_ptr_null(index_class_name(index, 8));
    index_close(index);
    packing_put("few.csv", csv, 13 + 7);
    struct index_options few = { .classes = "few.csv" };
    ck_assert_int_eq(index_open(&index, "numbered", &few, &err), -1);
    ck_assert_msg(strstr(err.message, "not in the classes file"), "%s", err.message);
    packing_put("numbered/pack.json", "{\"format\": \"tenfold-pack\", \"version\": 2}", 40);
    ck_assert_int_eq(index_open(&index, "numbered", NULL, &err), -1);
    ck_assert_msg(strstr(err.message, "another version"), "%s", err.message);
    packing_put("numbered/pack.json", "{\"name\": \"somebody else's\"}", 27);
    index_close(same_data_open("numbered", NULL));
}
END_TEST

/* No label, no .cls. */
START_TEST(unlabeled)
{
    packing_image("x/1.jpg", 90, 90, packing_jpeg, 1);
    packing_image("x/2.jpg", 90, 90, packing_jpeg, 2);
    struct pack_options o = packing_options();
    struct index_options any = { .allow_unlabeled = true };
    ck_assert_uint_eq(packing_must("x", "packed", &o).unlabeled, 2);
    same_data_check("x", "packed", &any);
}
END_TEST

START_TEST(shrunk)
{
    struct pack_options o = packing_options();
    struct decoder *decoder;
    struct buffer file = { 0 };
    struct error err = { 0 };
    packing_image("x/a/large.jpg", 301, 200, packing_jpeg, 1);
    packing_image("x/a/large.png", 200, 300, packing_png, 2);
    ck_assert_int_eq(rename("x/a/large.png", "x/a/tall.png"), 0);
    packing_image("x/a/small.jpg", 400, 64, packing_jpeg, 3);
    packing_golden("x/b/turned.jpg", "exif6.jpg"); /* 35 x 27 */
    packing_golden("x/b/gray.jpg", "gray.jpg");
    packing_golden("x/b/inks.jpg", "cmyk.jpg");
    o.form.max_short = 64;
    o.form.quality = 90;
    struct pack_result r = packing_must("x", "packed", &o);
    ck_assert_uint_eq(r.kinds[PACK_SHRUNK], 2);
    ck_assert_uint_eq(r.kinds[PACK_REWRITTEN], 4);
    o.form.max_short = 20;
    r = packing_must("x", "tiny", &o);
    ck_assert_uint_eq(r.kinds[PACK_SHRUNK], 6);
    static const struct {
        const char *key;
        int width, height, orientation;
        const char *mode;
    } answers[] = {
        { "a/large", 30, 20, 1, "RGB" }, { "a/small", 125, 20, 1, "RGB" },
        { "a/tall", 20, 30, 1, "RGB" },  { "b/gray", 25, 20, 1, "L" },
        { "b/inks", 25, 20, 1, "RGB" },  { "b/turned", 25, 20, 6, "RGB" },
    };
    struct index *index = same_data_open("tiny", NULL);
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    ck_assert_uint_eq(index_count(index), 6);
    for (uint64_t id = 0; id < 6; id++) {
        struct decode_info info;
        ck_assert_str_eq(index_sample(index, id).key, answers[id].key);
        ck_assert_int_eq(index_read(index, id, &file, &err), 0);
        ck_assert_int_eq(decode_header(decoder, file.data, file.size, &info, &err), 0);
        ck_assert_int_eq(info.kind, DECODE_JPEG);
        ck_assert_int_eq(info.width, answers[id].width);
        ck_assert_int_eq(info.height, answers[id].height);
        ck_assert_int_eq(info.orientation, answers[id].orientation);
        ck_assert_str_eq(info.mode, answers[id].mode);
    }
    decoder_close(decoder);
    buffer_release(&file);
    index_close(index);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("pack");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, same_as_source);
    tcase_add_test(cases, plain_tar);
    tcase_add_test(cases, any_threads_and_processes);
    tcase_add_test(cases, bad_images);
    tcase_add_test(cases, kept_as_they_are);
    tcase_add_test(cases, class_names);
    tcase_add_test(cases, unlabeled);
    tcase_add_test(cases, shrunk);
    return suite_run();
}
