/*
 * Claim: a packed data set has the keys, labels, names of classes, hash and pixels of its source;
 * its bytes do not depend on threads, processes or how often the pack was interrupted; nothing is
 * mixed with what lies in its folder already; and what cannot be rewritten is in it as it was.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/rng.h"
#include "loader/decode.h"
#include "loader/encode.h"
#include "loader/pack.h"
#include "loader/pack_check.h"
#include "tests/same_data.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { PHOTOS = 24 };

static void put(const char *path, const void *data, size_t size)
{
    struct error err = { 0 };
    char *folder = file_folder(path, &err);
    ck_assert_int_eq(file_make_folders(folder, &err), 0);
    free(folder);
    ck_assert_msg(file_write(path, data, size, &err) == 0, "%s: %s", err.place, err.message);
}

/* A picture of noise; `number` makes it another one. */
static void put_image(const char *path, int width, int height, struct encode_form form, int number)
{
    struct image image = { .width = width, .height = height, .stride = 3 * (size_t)width };
    struct rng rng = rng_start(rng_derive(3, "sample", "pack", 0), (uint64_t)number, 0);
    struct buffer file = { 0 };
    struct error err = { 0 };
    image.pixels = malloc(image.stride * (size_t)height);
    ck_assert_ptr_nonnull(image.pixels);
    for (size_t i = 0; i < image.stride * (size_t)height; i++)
        image.pixels[i] = (uint8_t)(i / 9 + rng_below(&rng, 80));
    ck_assert_int_eq(encode_image(&image, &form, &file, &err), 0);
    put(path, file.data, file.size);
    free(image.pixels);
    buffer_release(&file);
}

static const struct encode_form jpeg = { .kind = ENCODE_JPEG, .quality = 90, .chroma = CHROMA_420 };
static const struct encode_form png = { .kind = ENCODE_PNG, .level = 3 };

static void put_golden(const char *path, const char *name)
{
    char from[700];
    struct buffer file = { 0 };
    struct error err = { 0 };
    snprintf(from, sizeof(from), "%s/tests/golden/images/%s", scratch_start(), name);
    ck_assert_msg(file_read(from, FILE_LIMIT, &file, &err) == 0, "%s: %s", from, err.message);
    put(path, file.data, file.size);
    buffer_release(&file);
}

/* "photos": JPEGs in three classes. */
static void make_photos(void)
{
    for (int i = 0; i < PHOTOS; i++) {
        char path[100];
        snprintf(path, sizeof(path), "photos/%c/%03d.jpg", 'a' + i % 3, i);
        put_image(path, 90 + i, 120 - i, jpeg, i);
    }
}

static struct pack_options quiet(void)
{
    struct pack_options o = pack_defaults();
    o.quiet = true;
    o.threads = 2;
    o.shard_bytes = 30000;
    return o;
}

static int try_pack(const char *data, const char *out, const struct pack_options *o,
                    struct pack_result *result, struct error *err)
{
    struct index_options any = { .allow_unlabeled = true };
    struct index *index = same_data_open(data, &any);
    *err = (struct error){ 0 };
    int rc = pack_run(index, out, o, result, err);
    index_close(index);
    return rc;
}

static struct pack_result must_pack(const char *data, const char *out, const struct pack_options *o)
{
    struct pack_result result;
    struct error err;
    ck_assert_msg(try_pack(data, out, o, &result, &err) == 0, "%s: %s", err.place, err.message);
    return result;
}

static void must_refuse(const char *data, const char *out, const struct pack_options *o,
                        enum error_kind kind, const char *says)
{
    struct pack_result result;
    struct error err;
    char all[1600];
    ck_assert_msg(try_pack(data, out, o, &result, &err) < 0, "%s was packed", data);
    snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
    ck_assert_msg(err.kind == kind && strstr(all, says) && !strchr(all, '\n'), "%d: %s", err.kind,
                  all);
}

/* The SHA-256 of all files of a folder with their names; `count` of them. */
static void hash_folder(const char *folder, char hex[65], int *count)
{
    struct dirent **items;
    struct sha256 *sha;
    struct error err = { 0 };
    *count = 0;
    int found = scandir(folder, &items, NULL, alphasort);
    ck_assert_int_ge(found, 2);
    ck_assert_int_eq(sha256_open(&sha, &err), 0);
    for (int i = 0; i < found; i++) {
        struct buffer file = { 0 };
        if (items[i]->d_name[0] != '.') {
            char *path = file_join(folder, items[i]->d_name, &err);
            ck_assert_int_eq(file_read(path, FILE_LIMIT, &file, &err), 0);
            sha256_add(sha, items[i]->d_name, strlen(items[i]->d_name));
            sha256_add(sha, file.data, file.size);
            free(path);
            buffer_release(&file);
            ++*count;
        }
        free(items[i]);
    }
    free(items);
    ck_assert_int_eq(sha256_close(sha, hex, &err), 0);
}

static void must_equal(const char *a, const char *b)
{
    char hex_a[65], hex_b[65];
    int count_a, count_b;
    hash_folder(a, hex_a, &count_a);
    hash_folder(b, hex_b, &count_b);
    ck_assert_int_eq(count_a, count_b);
    ck_assert_msg(strcmp(hex_a, hex_b) == 0, "%s and %s have other bytes", a, b);
}

static int count_files(const char *folder)
{
    char hex[65];
    int count = 0;
    if (file_exists(folder))
        hash_folder(folder, hex, &count);
    return count;
}

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
        put_golden(name, goldens[i]);
    }
    put_image("zoo/dogs/large.JPEG", 300, 200, jpeg, 1);
    put_image("zoo/dogs/x.y.z.jpg", 80, 70, jpeg, 2);
    put_image("zoo/dogs/x%2ey.jpg", 80, 70, jpeg, 3);
    put_image("zoo/dogs/x.y.png", 20, 30, png, 4);
    put_image("zoo/dogs.v2/\xe4 \xc3\xa4\ttab.jpg", 80, 70, jpeg, 5);
    put_image("zoo/dogs/deep/er/and/deeper/1.jpg", 80, 70, jpeg, 6);
    strcpy(name, "zoo/dogs/");
    memset(name + 9, 'n', 200);
    strcpy(name + 209, ".jpg"); /* a last part that ustar cannot hold */
    put_image(name, 80, 70, jpeg, 7);
    memset(name + 9, 'm', 90);
    strcpy(name + 99, "/");
    memset(name + 100, 'o', 90);
    strcpy(name + 190, ".jpg"); /* one that it holds in two fields */
    put_image(name, 80, 70, jpeg, 8);
    put("zoo/dogs/empty.jpg", "", 0);
    put("zoo/dogs/text.jpg", "no image", 8);
    put("zoo/dogs/animated.gif", "GIF89a and so on", 16);
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
    struct pack_options o = quiet();
    o.form.restart = 16;
    o.report = "report.jsonl";
    struct pack_result r = must_pack("zoo", "packed", &o);
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
    must_pack("packed", "repacked", &o);
    same_data_check("zoo", "repacked", NULL);
}
END_TEST

/* What other programs see: GNU tar lists it, and its members are named as WebDataset wants. */
START_TEST(plain_tar)
{
    make_zoo();
    struct pack_options o = quiet();
    o.shard_bytes = 1000000;
    must_pack("zoo", "packed", &o);
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
    make_photos();
    struct pack_options o = quiet();
    struct pack_result one = must_pack("photos", "one", &o);
    ck_assert_uint_gt(one.shards, 4);
    static const int threads[] = { 1, 7 };
    for (size_t i = 0; i < 2; i++) {
        char out[20];
        snprintf(out, sizeof(out), "threads%d", threads[i]);
        o.threads = threads[i];
        must_pack("photos", out, &o);
        must_equal("one", out);
    }
    o.parts = 3;
    uint64_t shards = 0;
    static const int order[] = { 2, 0, 1 };
    for (int i = 0; i < 3; i++) {
        o.part = (uint64_t)order[i];
        struct pack_result r = must_pack("photos", "parts", &o);
        ck_assert(r.complete == (i == 2) && file_exists("parts/pack.json") == (i == 2));
        shards += r.shards_made;
    }
    ck_assert_uint_eq(shards, one.shards);
    must_equal("one", "parts");
}
END_TEST

static ino_t inode(const char *path)
{
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    return info.st_ino;
}

/* A run is killed at some moment, again and again, until one comes through. */
START_TEST(killed)
{
    make_photos();
    struct pack_options o = quiet();
    o.threads = 1;
    must_pack("photos", "whole", &o);
    for (int moment = 0; moment < 12; moment++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            must_pack("photos", "killed", &o);
            _exit(0);
        }
        usleep((useconds_t)(2000 * moment));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
    }
    must_pack("photos", "killed", &o);
    must_equal("whole", "killed");
}
END_TEST

/* What a kill can leave: shards, an index without its tar, temporary files. */
START_TEST(gone_on_with)
{
    make_photos();
    struct pack_options o = quiet();
    must_pack("photos", "whole", &o);
    struct pack_result r = must_pack("photos", "again", &o);
    ino_t kept = inode("again/shard-000001.tar");
    ck_assert_int_eq(unlink("again/pack.json"), 0);
    ck_assert_int_eq(unlink("again/shard-000000.tar"), 0);
    ck_assert_int_eq(unlink("again/shard-000002.tar"), 0);
    ck_assert_int_eq(unlink("again/shard-000002.idx"), 0);
    put("again/shard-000002.tar.a1B2c3", "half", 4);
    put("again/shard-000002.idx.a1B2c3", "half", 4);
    put("again/pack.json.a1B2c3", "half", 4);
    struct pack_result second = must_pack("photos", "again", &o);
    ck_assert_uint_eq(second.shards_made, 2);
    ck_assert_uint_eq(second.shards, r.shards);
    ck_assert_uint_eq(second.bytes, r.bytes);
    ck_assert(inode("again/shard-000001.tar") == kept);
    must_equal("whole", "again");
    ck_assert_uint_eq(must_pack("photos", "again", &o).shards_made, 0);
    must_equal("whole", "again");
}
END_TEST

START_TEST(stopped)
{
    make_photos();
    volatile sig_atomic_t stop = 1;
    struct pack_options o = quiet();
    o.stop = &stop;
    must_refuse("photos", "packed", &o, ERROR_INTERRUPTED, "run it again");
    ck_assert_int_eq(count_files("packed"), 0);
}
END_TEST

static volatile sig_atomic_t alarmed;

static void on_alarm(int number)
{
    (void)number;
    alarmed = 1;
}

/* A run is stopped at some moment, again and again: whole shards stay, and nothing else. */
START_TEST(interrupted)
{
    make_photos();
    struct pack_options o = quiet();
    struct pack_result r;
    struct error err;
    must_pack("photos", "whole", &o);
    o.stop = &alarmed;
    ck_assert(signal(SIGALRM, on_alarm) != SIG_ERR);
    int interrupted = 0;
    for (int moment = 1; moment < 30; moment++) {
        struct itimerval timer = { .it_value = { .tv_usec = 300 * moment } };
        alarmed = 0;
        ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
        if (try_pack("photos", "stopped", &o, &r, &err) < 0) {
            ck_assert_int_eq(err.kind, ERROR_INTERRUPTED);
            ck_assert_int_eq(system("test -z \"$(ls stopped 2>/dev/null | "
                                    "grep -vE '^shard-[0-9]{6}[.](tar|idx)$')\""),
                             0);
            interrupted++;
        } else if (system("rm -r stopped") != 0) {
            ck_abort_msg("the folder cannot be removed");
        }
    }
    ck_assert_int_gt(interrupted, 0);
    o.stop = NULL;
    must_pack("photos", "stopped", &o);
    must_equal("whole", "stopped");
}
END_TEST

START_TEST(foreign_folder)
{
    make_photos();
    struct pack_options o = quiet();
    must_pack("photos", "packed", &o);
    char before[65], after[65];
    int count;
    hash_folder("packed", before, &count);

    o.form.restart = 32;
    must_refuse("photos", "packed", &o, ERROR_DATA, "restart is 64 there, 32 here");
    o = quiet();
    o.shard_bytes = 1000000;
    must_refuse("photos", "packed", &o, ERROR_DATA, "shard_size is 30000 there, 1000000 here");
    o = quiet();
    o.prefix = "train";
    must_refuse("photos", "packed", &o, ERROR_DATA, "packed");
    o = quiet();
    put_image("photos/a/new.jpg", 50, 50, jpeg, 9);
    must_refuse("photos", "packed", &o, ERROR_DATA, "dataset is");
    ck_assert_int_eq(unlink("photos/a/new.jpg"), 0);
    ck_assert_int_eq(rename("photos/a/000.jpg", "kept.jpg"), 0);
    put_image("photos/a/000.jpg", 50, 50, jpeg, 9); /* the same key with other bytes */
    must_refuse("photos", "packed", &o, ERROR_DATA, "source_bytes is");
    ck_assert_int_eq(rename("kept.jpg", "photos/a/000.jpg"), 0);
    hash_folder("packed", after, &count);
    ck_assert_str_eq(before, after);

    put("stray/mine.tar", "tar", 3);
    must_refuse("photos", "stray", &o, ERROR_DATA, "mine.tar: was not packed here");
    put("bare/shard-000001.tar", "tar", 3);
    must_refuse("photos", "bare", &o, ERROR_DATA, "shard-000001.tar: was not packed here");
    put("old/pack.json", "{\"format\": \"tenfold-pack\"}", 26);
    must_refuse("photos", "old", &o, ERROR_DATA, "pack.json");
    ck_assert_int_eq(truncate("packed/shard-000001.tar", 5000), 0);
    must_refuse("photos", "packed", &o, ERROR_DATA, "shard-000001.idx: says that the tar");
    ck_assert_int_eq(count_files("stray") + count_files("bare") + count_files("old"), 3);

    must_refuse("photos", "photos", &o, ERROR_USAGE, "lies in the folder");
    must_refuse("photos", "photos/a/new/packed", &o, ERROR_USAGE, "lies in the folder");
    o.prefix = "a/b";
    must_refuse("photos", "new", &o, ERROR_USAGE, "--prefix");
    o.prefix = ".a";
    must_refuse("photos", "new", &o, ERROR_USAGE, "--prefix");
    ck_assert(!file_exists("new"));
}
END_TEST

/* A tar may name its members as it likes; what is packed stays below its folder. */
START_TEST(keys_that_lead_out)
{
    static const char *const names[] = { "../up.jpg", "a/../../up.jpg", "/etc/up.jpg" };
    struct pack_options o = quiet();
    for (size_t i = 0; i < 3; i++) {
        char command[200];
        put("up.jpg", "x", 1);
        snprintf(
            command, sizeof(command),
            "tar cPf odd%zu.tar --transform 's|.*|%s|' up.jpg && tar tPf odd%zu.tar >/dev/null", i,
            names[i], i);
        ck_assert_int_eq(system(command), 0);
        snprintf(command, sizeof(command), "odd%zu.tar", i);
        must_refuse(command, "packed", &o, ERROR_DATA, "cannot be packed");
    }
    ck_assert(!file_exists("packed"));
}
END_TEST

/* A file system that takes no more than so many bytes of a file. */
START_TEST(full_disk)
{
    make_photos();
    struct pack_options o = quiet();
    struct rlimit limit;
    must_pack("photos", "whole", &o);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 20000;
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    must_refuse("photos", "packed", &o, ERROR_FAILED, "shard-000000.tar: cannot be written");
    ck_assert_int_eq(count_files("packed"), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    must_pack("photos", "packed", &o);
    must_equal("whole", "packed");
}
END_TEST

START_TEST(bad_images)
{
    make_photos();
    put("photos/b/bad.jpg", "no image", 8);
    put_golden("photos/c/cut.jpg", "rgb_0.jpg");
    ck_assert_int_eq(truncate("photos/c/cut.jpg", 700), 0);
    struct error err = { 0 };
    struct pack_options o = quiet();
    o.on_error = PACK_BAD_FAIL;
    must_refuse("photos", "packed", &o, ERROR_DATA, "photos/b/bad.jpg");
    /* The shards before it are whole and stay; the next run has other options. */
    ck_assert_int_eq(system("rm -r packed"), 0);
    o.on_error = PACK_BAD_SKIP;
    struct pack_result r = must_pack("photos", "skipped", &o);
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
    r = must_pack("photos", "kept", &o);
    ck_assert_uint_eq(r.kinds[PACK_UNREADABLE], 2);
    same_data_check("photos", "kept", NULL);
}
END_TEST

/* Files that decode, but not to the same pixels or not at all when they are rewritten. */
START_TEST(kept_as_they_are)
{
    struct buffer file = { 0 };
    struct error err = { 0 };
    put_golden("x/a/whole.jpg", "progressive_2.jpg");
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
    put("x/a/dc.jpg", file.data, second + 2);
    ck_assert_int_eq(file_read("x/a/whole.jpg", FILE_LIMIT, &file, &err), 0);
    struct buffer odd = { 0 };
    ck_assert_int_eq(buffer_append(&odd, file.data, 20, &err), 0);
    ck_assert_int_eq(buffer_append(&odd, "abc", 3, &err), 0); /* between two markers */
    ck_assert_int_eq(buffer_append(&odd, file.data + 20, file.size - 20, &err), 0);
    put("x/a/odd.jpg", odd.data, odd.size);
    buffer_release(&odd);
    buffer_release(&file);
    struct pack_options o = quiet();
    o.form.restart = 16;
    o.report = "report.jsonl";
    struct pack_result r = must_pack("x", "packed", &o);
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
    put("classes.csv", csv, sizeof(csv) - 1);
    ck_assert_int_eq(rename("zoo/cats, large", "zoo/cats"), 0);
    struct index_options by_file = { .classes = "classes.csv" };
    struct pack_options o = quiet();
    must_pack("zoo", "sorted", &o);
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
    put("few.csv", csv, 13 + 7);
    struct index_options few = { .classes = "few.csv" };
    ck_assert_int_eq(index_open(&index, "numbered", &few, &err), -1);
    ck_assert_msg(strstr(err.message, "not in the classes file"), "%s", err.message);
    put("numbered/pack.json", "{\"format\": \"tenfold-pack\", \"version\": 2}", 40);
    ck_assert_int_eq(index_open(&index, "numbered", NULL, &err), -1);
    ck_assert_msg(strstr(err.message, "another version"), "%s", err.message);
    put("numbered/pack.json", "{\"name\": \"somebody else's\"}", 27);
    index_close(same_data_open("numbered", NULL));
}
END_TEST

/* No label, no .cls. */
START_TEST(unlabeled)
{
    put_image("x/1.jpg", 90, 90, jpeg, 1);
    put_image("x/2.jpg", 90, 90, jpeg, 2);
    struct pack_options o = quiet();
    struct index_options any = { .allow_unlabeled = true };
    ck_assert_uint_eq(must_pack("x", "packed", &o).unlabeled, 2);
    same_data_check("x", "packed", &any);
}
END_TEST

START_TEST(shrunk)
{
    struct pack_options o = quiet();
    struct decoder *decoder;
    struct buffer file = { 0 };
    struct error err = { 0 };
    put_image("x/a/large.jpg", 301, 200, jpeg, 1);
    put_image("x/a/large.png", 200, 300, png, 2);
    ck_assert_int_eq(rename("x/a/large.png", "x/a/tall.png"), 0);
    put_image("x/a/small.jpg", 400, 64, jpeg, 3);
    put_golden("x/b/turned.jpg", "exif6.jpg"); /* 35 x 27 */
    put_golden("x/b/gray.jpg", "gray.jpg");
    put_golden("x/b/inks.jpg", "cmyk.jpg");
    o.form.max_short = 64;
    o.form.quality = 90;
    struct pack_result r = must_pack("x", "packed", &o);
    ck_assert_uint_eq(r.kinds[PACK_SHRUNK], 2);
    ck_assert_uint_eq(r.kinds[PACK_REWRITTEN], 4);
    o.form.max_short = 20;
    r = must_pack("x", "tiny", &o);
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

START_TEST(checked_by_crc)
{
    make_photos();
    struct pack_options o = quiet();
    must_pack("photos", "packed", &o);
    struct index *index = same_data_open("packed", NULL);
    struct pack_check *check;
    struct buffer file = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(pack_check_open(&check, index, &err), 0);
    ck_assert_uint_eq(pack_check_count(check), PHOTOS);
    for (uint64_t id = 0; id < PHOTOS; id++) {
        uint32_t crc;
        ck_assert_int_eq(index_read(index, id, &file, &err), 0);
        ck_assert(pack_check_crc(check, id, &crc));
        ck_assert_uint_eq(crc, crc32_of(file.data, file.size));
    }
    pack_check_close(check);
    index_close(index);
    buffer_release(&file);
    ck_assert_int_eq(rename("packed/shard-000000.idx", "idx"), 0);
    ck_assert_int_eq(rename("packed/shard-000001.idx", "packed/shard-000000.idx"), 0);
    index = same_data_open("packed", NULL);
    ck_assert_int_eq(pack_check_open(&check, index, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    index_close(index);
    /* Somebody else's index, and none. */
    put("packed/shard-000000.idx", "v1.2 8\n", 7);
    index = same_data_open("packed", NULL);
    ck_assert_int_eq(pack_check_open(&check, index, &err), 0);
    ck_assert_uint_lt(pack_check_count(check), PHOTOS);
    pack_check_close(check);
    index_close(index);
}
END_TEST

/* An index cut off or changed anywhere is refused in a line, or says the same. */
START_TEST(broken_index)
{
    make_photos();
    struct pack_options o = quiet();
    must_pack("photos", "packed", &o);
    struct buffer whole = { 0 };
    struct error err;
    ck_assert_int_eq(file_read("packed/shard-000000.idx", FILE_LIMIT, &whole, &err), 0);
    struct index *index = same_data_open("packed", NULL);
    struct rng rng = rng_start(rng_derive(1, "sample", "idx", 0), 0, 0);
    for (int i = 0; i < 300; i++) {
        size_t at = rng_below(&rng, whole.size);
        char old = whole.data[at];
        whole.data[at] = (char)rng_below(&rng, 256);
        put("packed/shard-000000.idx", whole.data, i % 2 ? whole.size : at);
        whole.data[at] = old;
        struct pack_check *check;
        err = (struct error){ 0 };
        if (pack_check_open(&check, index, &err) == 0)
            pack_check_close(check);
        else
            ck_assert(err.kind == ERROR_DATA && err.message[0] && !strchr(err.message, '\n'));
    }
    index_close(index);
    buffer_release(&whole);
}
END_TEST

/* A file that changes between planning and packing. */
START_TEST(changed_meanwhile)
{
    make_photos();
    struct index *index = same_data_open("photos", NULL);
    struct pack_options o = quiet();
    struct pack_result r;
    struct error err = { 0 };
    ck_assert_int_eq(unlink("photos/b/001.jpg"), 0);
    ck_assert_int_eq(pack_run(index, "packed", &o, &r, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.place, "photos/b/001.jpg"), "%s: %s", err.place, err.message);
    ck_assert(!file_exists("packed"));
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
    tcase_add_test(cases, killed);
    tcase_add_test(cases, gone_on_with);
    tcase_add_test(cases, stopped);
    tcase_add_test(cases, interrupted);
    tcase_add_test(cases, foreign_folder);
    tcase_add_test(cases, keys_that_lead_out);
    tcase_add_test(cases, full_disk);
    tcase_add_test(cases, bad_images);
    tcase_add_test(cases, kept_as_they_are);
    tcase_add_test(cases, class_names);
    tcase_add_test(cases, unlabeled);
    tcase_add_test(cases, shrunk);
    tcase_add_test(cases, checked_by_crc);
    tcase_add_test(cases, broken_index);
    tcase_add_test(cases, changed_meanwhile);
    return suite_run();
}
