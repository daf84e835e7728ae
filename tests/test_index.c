/*
 * Claim: folders, tars, folders of tars and brace patterns of the same images are the same data set
 * (ids, labels, hash, bytes); classes are numbered as told; and whatever is broken, doubled, empty
 * or hostile is refused in a line that names it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "loader/index.h"
#include "tests/hand_tar.h"
#include "tests/scale.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static void put(const char *name, const char *text)
{
    struct error err = { 0 };
    char *folder = file_folder(name, &err);
    ck_assert_int_eq(file_make_folders(folder, &err), 0);
    free(folder);
    ck_assert_int_eq(file_write(name, text, strlen(text), &err), 0);
}

static int try_open(struct index **index, const char *name, const struct index_options *options,
                    struct error *err)
{
    *err = (struct error){ 0 };
    return index_open(index, name, options, err);
}

static struct index *must_open(const char *name, const struct index_options *options)
{
    struct index *index;
    struct error err;
    ck_assert_msg(try_open(&index, name, options, &err) == 0, "%s: %s", err.place, err.message);
    return index;
}

static void must_refuse(const char *name, const struct index_options *options, const char *says)
{
    struct index *index;
    struct error err;
    ck_assert_msg(try_open(&index, name, options, &err) == -1, "%s was accepted", name);
    char all[1600];
    snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
    ck_assert_msg(strstr(all, says) && !strchr(all, '\n'), "%s: %s", name, all);
}

/* Keys, labels and bytes of the images below; made with `ants` and `bees` as folder or prefix. */
static const struct {
    const char *key, *extension, *text;
    int label;
} images[] = {
    { "ants/1", "jpg", "first", 0 },        { "ants/deep/er", "PNG", "second image", 0 },
    { "ants/x.y", "jpeg", "dots", 0 },      { "bees/0", "png", "", 1 },
    { "bees/z", "jpg", "the last one", 1 },
};
enum { IMAGES = sizeof(images) / sizeof(images[0]) };

static void make_folder(const char *name)
{
    for (int i = 0; i < IMAGES; i++) {
        char path[200];
        snprintf(path, sizeof(path), "%s/%s.%s", name, images[i].key, images[i].extension);
        put(path, images[i].text);
    }
}

static void make_tar(const char *name, int first, int last)
{
    FILE *tar = fopen(name, "wb");
    for (int i = last - 1; i >= first; i--) { /* order in the tar does not matter */
        char member[200];
        snprintf(member, sizeof(member), "./%s.%s", images[i].key, images[i].extension);
        hand_tar_add(tar, member, '0', images[i].text, strlen(images[i].text));
    }
    hand_tar_end(tar);
}

static void check_images(const struct index *index)
{
    struct buffer bytes = { 0 };
    struct error err = { 0 };
    ck_assert_uint_eq(index_count(index), IMAGES);
    ck_assert_int_eq(index_classes(index), 2);
    ck_assert_str_eq(index_class_name(index, 1), "bees");
    ck_assert_ptr_null(index_class_name(index, 2));
    for (uint64_t id = 0; id < IMAGES; id++) {
        struct sample s = index_sample(index, id);
        ck_assert_int_eq(s.label, images[id].label);
        if (strcmp(images[id].key, "ants/x.y") != 0) /* a tar's key ends at the first dot */
            ck_assert_str_eq(s.key, images[id].key);
        ck_assert_msg(index_read(index, id, &bytes, &err) == 0, "%s", err.message);
        ck_assert_uint_eq(bytes.size, strlen(images[id].text));
        ck_assert_mem_eq(bytes.data ? bytes.data : "", images[id].text, bytes.size);
    }
    buffer_release(&bytes);
}

START_TEST(same_data_set)
{
    make_folder("plain");
    put("plain/notes.txt", "passed over");
    put("plain/.hidden/1.jpg", "passed over");
    make_tar("all.tar", 0, IMAGES);
    ck_assert_int_eq(mkdir("shards", 0777), 0);
    make_tar("shards/a-0007.tar", 0, 2);
    make_tar("shards/a-0008.tar", 2, IMAGES);
    static const char *const names[] = { "plain", "plain/", "all.tar", "shards",
                                         "shards/a-{0007..0008}.tar" };
    char hash[65] = "";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct index *index = must_open(names[i], NULL);
        check_images(index);
        if (i == 2)
            snprintf(hash, sizeof(hash), "%s", index_hash(index));
        if (i > 2)
            ck_assert_str_eq(index_hash(index), hash);
        index_close(index);
    }
}
END_TEST

/* The hash of a folder and of its tar, where keys have no further dots. */
START_TEST(same_hash)
{
    put("f/a/1.jpg", "x");
    put("f/b/2.png", "y");
    FILE *tar = fopen("f.tar", "wb");
    hand_tar_add(tar, "b/2.png", '0', "y", 1);
    hand_tar_add(tar, "a/1.jpg", '0', "x", 1);
    hand_tar_end(tar);
    struct index *folder = must_open("f", NULL), *shard = must_open("f.tar", NULL);
    ck_assert_str_eq(index_hash(folder), index_hash(shard));
    char place[200];
    index_place(shard, 1, place, sizeof(place));
    ck_assert_msg(strstr(place, "f.tar:") && strstr(place, "b/2"), "%s", place);
    index_close(folder);
    index_close(shard);
}
END_TEST

static void make_labeled(const char *name, const char *first, const char *second)
{
    FILE *tar = fopen(name, "wb");
    hand_tar_add(tar, "00001.cls", '0', first, strlen(first));
    hand_tar_add(tar, "00001.jpg", '0', "one", 3);
    hand_tar_add(tar, "00002.png", '0', "two", 3);
    hand_tar_add(tar, "00002.cls", '0', second, strlen(second));
    hand_tar_end(tar);
}

START_TEST(labels_in_tars)
{
    make_labeled("numbers.tar", "7", "3\n");
    struct index *index = must_open("numbers.tar", NULL);
    ck_assert_int_eq(index_sample(index, 0).label, 7);
    ck_assert_int_eq(index_sample(index, 1).label, 3);
    ck_assert_int_eq(index_classes(index), 8);
    index_close(index);
    make_labeled("names.tar", "wasp\n", "ant");
    index = must_open("names.tar", NULL);
    ck_assert_int_eq(index_sample(index, 0).label, 1);
    ck_assert_int_eq(index_sample(index, 1).label, 0);
    ck_assert_str_eq(index_class_name(index, 1), "wasp");
    index_close(index);
    make_labeled("bad.tar", "-4", "1");
    must_refuse("bad.tar", NULL, "-4");
    make_labeled("all_bad.tar", "-4", "-4");
    must_refuse("all_bad.tar", NULL, "00001.cls holds -4");
    make_labeled("large.tar", "99999999999", "99999999999");
    must_refuse("large.tar", NULL, "must be 0..999999");
    make_labeled("blank.tar", "\n", "\n");
    must_refuse("blank.tar", NULL, "00001.cls is empty");
}
END_TEST

START_TEST(classes_file)
{
    make_folder("plain");
    put("classes.csv", "index,folder,name\n17,bees,the bees\n4,ants,\"the, ants\"\n");
    char path[200];
    snprintf(path, sizeof(path), "%s", "classes.csv");
    struct index_options options = { .classes = path };
    struct index *index = must_open("plain", &options);
    ck_assert_int_eq(index_sample(index, 0).label, 4);
    ck_assert_int_eq(index_sample(index, 4).label, 17);
    index_close(index);
    put("classes.csv", "index,folder\n17,bees\n");
    must_refuse("plain", &options, "ants");
    put("classes.csv", "index,folder\nx,bees\n");
    must_refuse("plain", &options, "classes.csv");
    put("classes.csv", "");
    must_refuse("plain", &options, "classes.csv");
    snprintf(path, sizeof(path), "%s", "nowhere.csv");
    must_refuse("plain", &options, "nowhere.csv");
}
END_TEST

START_TEST(long_names)
{
    char name[300];
    memset(name, 'n', sizeof(name));
    memcpy(name, "ants/", 5);
    memcpy(name + 290, ".jpg", 5);
    FILE *tar = fopen("gnu.tar", "wb");
    hand_tar_add(tar, "././@LongLink", 'L', name, strlen(name) + 1);
    hand_tar_add(tar, "cut", '0', "gnu", 3);
    hand_tar_end(tar);
    char pax[400];
    int length = (int)strlen(name) + 10; /* "NNN path=...\n" */
    int size = snprintf(pax, sizeof(pax), "%d path=%s\n", length, name);
    ck_assert_int_eq(size, length);
    tar = fopen("pax.tar", "wb");
    hand_tar_add(tar, "pax", 'x', pax, (size_t)size);
    hand_tar_add(tar, "cut", '0', "pax", 3);
    hand_tar_end(tar);
    for (int i = 0; i < 2; i++) {
        struct index *index = must_open(i ? "pax.tar" : "gnu.tar", NULL);
        ck_assert_uint_eq(index_count(index), 1);
        ck_assert_uint_eq(strlen(index_sample(index, 0).key), 290);
        index_close(index);
    }
}
END_TEST

static void add_pax(FILE *tar, const char *keyword, const char *value)
{
    char record[400];
    int rest = (int)(strlen(keyword) + strlen(value)) + 3, length = rest + (rest > 97 ? 3 : 2);
    ck_assert_int_eq(snprintf(record, sizeof(record), "%d %s=%s\n", length, keyword, value),
                     length);
    hand_tar_add(tar, "pax", 'x', record, (size_t)length);
}

/* A key with dots stands in a pax record, for that one member; of other records there is no
 * notice. */
START_TEST(stated_keys)
{
    FILE *tar = fopen("keys.tar", "wb");
    add_pax(tar, "TENFOLD.key", "ants/x.y");
    hand_tar_add(tar, "ants/x%2ey.jpg", '0', "one", 3);
    add_pax(tar, "TENFOLD.key", "ants/x.y");
    hand_tar_add(tar, "ants/x%2ey.cls", '0', "4", 1);
    hand_tar_add(tar, "ants/z.jpg", '0', "two", 3);
    add_pax(tar, "TENFOLD.other", "nothing");
    hand_tar_add(tar, "ants/z.cls", '0', "5", 1);
    hand_tar_end(tar);
    struct index *index = must_open("keys.tar", NULL);
    ck_assert_uint_eq(index_count(index), 2);
    ck_assert_str_eq(index_sample(index, 0).key, "ants/x.y");
    ck_assert_int_eq(index_sample(index, 0).label, 4);
    ck_assert_str_eq(index_sample(index, 1).key, "ants/z");
    ck_assert_int_eq(index_sample(index, 1).label, 5);
    index_close(index);
}
END_TEST

START_TEST(refused)
{
    must_refuse("nowhere", NULL, "nowhere");
    ck_assert_int_eq(mkdir("empty", 0777), 0);
    must_refuse("empty", NULL, "empty");
    put("hollow/a/1.jpg", "x");
    ck_assert_int_eq(mkdir("hollow/b", 0777), 0);
    must_refuse("hollow", NULL, "class folder b holds no image");
    put("twice/a/1.jpg", "x");
    put("twice/a/1.png", "y");
    must_refuse("twice", NULL, "two samples have the key a/1");
    put("file.txt", "no tar at all, but some text");
    must_refuse("file.txt", NULL, "file.txt");
    must_refuse("x-{3..1}.tar", NULL, "x-");
    must_refuse("x-{0..99999999}.tar", NULL, "files");
    must_refuse("x-{0000..0001}.tar", NULL, "x-0000.tar");
    FILE *tar = fopen("unlabeled.tar", "wb");
    hand_tar_add(tar, "1.jpg", '0', "x", 1);
    hand_tar_end(tar);
    must_refuse("unlabeled.tar", NULL, "1");
    struct index_options any = { .allow_unlabeled = true };
    struct index *index = must_open("unlabeled.tar", &any);
    ck_assert_int_eq(index_sample(index, 0).label, -1);
    index_close(index);
}
END_TEST

/* A tar cut off at every block, and one with a byte changed: either the same data set, or a line.
 */
START_TEST(broken_tars)
{
    make_tar("all.tar", 0, IMAGES);
    struct buffer whole = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(file_read("all.tar", FILE_LIMIT, &whole, &err), 0);
    for (size_t size = 0; size + 1024 < whole.size; size += 256) {
        ck_assert_int_eq(file_write("cut.tar", whole.data, size, &err), 0);
        must_refuse("cut.tar", NULL, "cut.tar");
    }
    struct rng rng = rng_start(rng_derive(1, "sample", "tar", 0), 0, 0);
    for (int i = 0; i < test_scaled(600); i++) {
        size_t place = rng_below(&rng, whole.size);
        char old = whole.data[place];
        whole.data[place] = (char)rng_below(&rng, 256);
        ck_assert_int_eq(file_write("odd.tar", whole.data, whole.size, &err), 0);
        struct index *index;
        if (try_open(&index, "odd.tar", NULL, &err) == 0) {
            struct buffer bytes = { 0 };
            for (uint64_t id = 0; id < index_count(index); id++)
                (void)index_read(index, id, &bytes, &err);
            buffer_release(&bytes);
            index_close(index);
        } else {
            ck_assert(err.message[0] && !strchr(err.message, '\n'));
        }
        whole.data[place] = old;
    }
    buffer_release(&whole);
}
END_TEST

/* A file that shrinks or goes after the index was made is an error when it is read. */
START_TEST(changed_since)
{
    make_tar("all.tar", 0, IMAGES);
    struct index *index = must_open("all.tar", NULL);
    struct buffer bytes = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(truncate("all.tar", 600), 0);
    int failed = 0;
    for (uint64_t id = 0; id < IMAGES; id++)
        failed += index_read(index, id, &bytes, &err) < 0;
    ck_assert_int_ge(failed, 3);
    ck_assert_msg(strstr(err.place, "all.tar"), "%s: %s", err.place, err.message);
    index_close(index);
    make_folder("plain");
    index = must_open("plain", NULL);
    ck_assert_int_eq(unlink("plain/ants/1.jpg"), 0);
    ck_assert_int_eq(index_read(index, 0, &bytes, &err), -1);
    ck_assert_msg(strstr(err.place, "ants/1.jpg"), "%s: %s", err.place, err.message);
    buffer_release(&bytes);
    index_close(index);
}
END_TEST

/* A file of a folder, and a member of a tar. */
START_TEST(advise_brings)
{
    make_folder("plain");
    make_tar("all.tar", 0, IMAGES);
    static const char *const names[] = { "plain", "all.tar" };
    for (int i = 0; i < 2; i++) {
        struct index *index = must_open(names[i], NULL);
        int fd = open(i ? "all.tar" : "plain/ants/1.jpg", O_RDONLY);
        ck_assert(fd >= 0 && fsync(fd) == 0);
        ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
        (void)index_advise(index, 0);
        int tries = 0; /* it is brought behind our back; 10 s */
        while (index_advise(index, 0) && tries++ < 1000)
            usleep(10000);
        ck_assert_int_lt(tries, 1000);
        close(fd);
        index_close(index);
    }
    struct index *index = must_open("plain", NULL);
    ck_assert_int_eq(unlink("plain/ants/1.jpg"), 0);
    ck_assert(!index_advise(index, 0));
    index_close(index);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("index");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, same_data_set);
    tcase_add_test(cases, same_hash);
    tcase_add_test(cases, labels_in_tars);
    tcase_add_test(cases, classes_file);
    tcase_add_test(cases, long_names);
    tcase_add_test(cases, stated_keys);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, broken_tars);
    tcase_add_test(cases, changed_since);
    tcase_add_test(cases, advise_brings);
    return suite_run();
}
