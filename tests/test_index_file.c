/*
 * Claim: an index file gives what scanning gives, of folders and tars; what has changed since is
 * noticed, what only looks so is not; and no index file, however damaged or forged, makes a program
 * read outside of it or give a label that there is no class for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "loader/index_layout.h"
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

static void make_tar(const char *name, const char *prefix, int count)
{
    FILE *tar = fopen(name, "wb");
    char member[64];
    for (int i = 0; i < count; i++) {
        snprintf(member, sizeof(member), "%s%03d.png", prefix, i);
        hand_tar_add(tar, member, '0', member, strlen(member));
        snprintf(member, sizeof(member), "%s%03d.cls", prefix, i);
        hand_tar_add(tar, member, '0', i % 2 ? "wasp" : "ant", i % 2 ? 4 : 3);
    }
    hand_tar_end(tar);
}

/* A folder, tars of it, and a file that is neither. */
static void setup(void)
{
    scratch_enter();
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/nowhere/that/exists", 1), 0);
    put("home/plain/bees/z.jpg", "the last one");
    put("home/plain/ants/1.JPEG", "first");
    put("home/plain/ants/deep/er.png", "second image");
    put("home/plain/ants/notes.txt", "passed over");
    put("classes.csv", "4,ants\n17,bees\n");
    ck_assert_int_eq(mkdir("home/shards", 0777), 0);
    make_tar("home/shards/a-0.tar", "x/", 5);
    make_tar("home/shards/a-1.tar", "y/", 4);
}

static struct index *must_open(const char *name, const struct index_options *options)
{
    struct index *index;
    struct error err = { 0 };
    ck_assert_msg(index_open(&index, name, options, &err) == 0, "%s: %s", err.place, err.message);
    return index;
}

static void must_refuse(const char *name, const struct index_options *options, const char *says)
{
    struct index *index;
    struct error err = { 0 };
    ck_assert_msg(index_open(&index, name, options, &err) == -1, "%s was accepted", name);
    char all[1600];
    snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
    ck_assert_msg(strstr(all, says) && !strchr(all, '\n') && err.kind == ERROR_DATA, "%s: %s", name,
                  all);
}

static void save(const char *data, const char *classes, const char *file)
{
    struct index_options record = { .record = true, .classes = classes, .allow_unlabeled = true };
    struct index *index = must_open(data, &record);
    struct error err = { 0 };
    ck_assert_msg(index_save(index, file, &err) == 0, "%s: %s", err.place, err.message);
    index_close(index);
}

static void same_samples(const struct index *a, const struct index *b)
{
    struct buffer x = { 0 }, y = { 0 };
    struct error err = { 0 };
    for (uint64_t id = 0; id < index_count(a); id++) {
        struct sample s = index_sample(a, id), t = index_sample(b, id);
        ck_assert_str_eq(s.key, t.key);
        ck_assert_int_eq(s.label, t.label);
        ck_assert_int_eq(index_label(b, id), s.label);
        ck_assert_uint_eq(s.offset, t.offset);
        ck_assert_msg(index_read(a, id, &x, &err) == 0, "%s: %s", err.place, err.message);
        ck_assert_msg(index_read(b, id, &y, &err) == 0, "%s: %s", err.place, err.message);
        ck_assert_uint_eq(x.size, y.size);
        ck_assert_mem_eq(x.data, y.data, x.size);
    }
    buffer_release(&x);
    buffer_release(&y);
}

static void same_index(const struct index *scanned, const struct index *mapped)
{
    struct error err = { 0 };
    ck_assert(!index_is_mapped(scanned) && index_is_mapped(mapped));
    ck_assert_uint_eq(index_count(scanned), index_count(mapped));
    ck_assert_uint_eq(index_ignored(scanned), index_ignored(mapped));
    ck_assert_int_eq(index_classes(scanned), index_classes(mapped));
    ck_assert_str_eq(index_hash(scanned), index_hash(mapped));
    for (int64_t c = -1; c <= index_classes(scanned); c++) {
        const char *name = index_class_name(scanned, c), *other = index_class_name(mapped, c);
        ck_assert(name ? other && strcmp(name, other) == 0 : !other);
    }
    same_samples(scanned, mapped);
    ck_assert_msg(index_check(mapped, &err) == 0, "%s", err.message);
}

static const struct {
    const char *data, *classes;
} sources[] = {
    { "home/plain", NULL },          { "home/plain/", "classes.csv" },     { "home/shards", NULL },
    { "home/shards/a-1.tar", NULL }, { "home/shards/a-{0..1}.tar", NULL },
};
enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

START_TEST(same_as_scanning)
{
    struct index_options options = { .classes = sources[_i].classes };
    struct index *scanned = must_open(sources[_i].data, &options);
    save(sources[_i].data, sources[_i].classes, "elsewhere.index");
    struct index *mapped = must_open("elsewhere.index", &options);
    same_index(scanned, mapped);
    index_close(mapped);
    /* Below the index's folder: both move. */
    save(sources[_i].data, sources[_i].classes, "home/data.index");
    ck_assert_int_eq(rename("home", "moved"), 0);
    mapped = must_open("moved/data.index", &options);
    ck_assert_int_eq(rename("moved", "home"), 0);
    index_close(mapped);
    mapped = must_open("home/data.index", &options);
    same_index(scanned, mapped);
    index_close(mapped);
    index_close(scanned);
}
END_TEST

/* More than one run of bases. */
START_TEST(many)
{
    int count = 10000;
    FILE *tar = fopen("many.tar", "wb");
    for (int i = 0; i < count; i++) {
        char member[400];
        int length = snprintf(member, sizeof(member), "c%d/%0*d.jpg", i % 7, 1 + i % 90, i);
        hand_tar_add(tar, member, '0', member, (size_t)length);
    }
    hand_tar_end(tar);
    save("many.tar", NULL, "many.index");
    struct index *scanned = must_open("many.tar", NULL), *mapped = must_open("many.index", NULL);
    same_index(scanned, mapped);
    index_close(mapped);
    index_close(scanned);
}
END_TEST

/* What the cache folder holds for `data`, made. */
static char *save_cached(const char *data)
{
    struct error err = { 0 };
    char folder[4200], here[4000];
    ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
    snprintf(folder, sizeof(folder), "%s/cache", here);
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", folder, 1), 0);
    ck_assert_int_eq(file_make_folders("cache/tenfold", &err), 0);
    char *path = index_cache_path(data, NULL, &err);
    ck_assert_ptr_nonnull(path);
    save(data, NULL, path);
    return path;
}

/* As the programs open it: by what note it was passed over, or NULL when it was used. */
static void opens(const char *data, const char *note, uint64_t count)
{
    struct index *index = must_open(data, NULL);
    ck_assert_uint_eq(index_count(index), count);
    if (note)
        ck_assert_msg(!index_is_mapped(index) && index_note(index) &&
                          strstr(index_note(index), note),
                      "%s", index_note(index) ? index_note(index) : "no note");
    else
        ck_assert_msg(index_is_mapped(index), "%s", index_note(index));
    index_close(index);
}

START_TEST(found_in_cache)
{
    struct index *scanned = must_open("home/plain", NULL);
    char *path = save_cached("home/plain");
    struct index *mapped = must_open("home/plain/", NULL);
    same_index(scanned, mapped);
    for (uint64_t id = 0; id < index_count(scanned); id++) {
        char a[200], b[200];
        index_place(scanned, id, a, sizeof(a));
        index_place(mapped, id, b, sizeof(b));
        ck_assert_str_eq(a, b);
    }
    index_close(mapped);
    index_close(scanned);
    struct index_options numbered = { .classes = "classes.csv" };
    mapped = must_open("home/plain", &numbered); /* another question */
    ck_assert(!index_is_mapped(mapped) && !index_note(mapped));
    index_close(mapped);
    put("home/plain/bees/new.jpg", "new");
    opens("home/plain", "has changed", 4);
    char *other = save_cached("home/shards");
    ck_assert_int_eq(rename(other, path), 0);
    opens("home/plain", "another data set", 4);
    put(path, "TENFOLDI and nothing more");
    opens("home/plain", "no index file", 4);
    free(other);
    free(path);
}
END_TEST

static void set_time(const char *path, time_t seconds)
{
    struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(changes_noticed)
{
    set_time("home/plain/bees", 1000);
    set_time("home/plain", 1000);
    save("home/plain", NULL, "plain.index");
    index_close(must_open("plain.index", NULL));
    set_time("home/plain/bees", 2000); /* a copy: only looks new */
    index_close(must_open("plain.index", NULL));
    put("home/plain/bees/readme.txt", "no image");
    index_close(must_open("plain.index", NULL));
    put("home/plain/bees/new.jpg", "new");
    must_refuse("plain.index", NULL, "home/plain/bees has changed");
    ck_assert_int_eq(rename("home/plain/bees/new.jpg", "home/plain/bees/new.text"), 0);
    index_close(must_open("plain.index", NULL));
    ck_assert_int_eq(mkdir("home/plain/cats", 0777), 0);
    must_refuse("plain.index", NULL, "has changed");
    ck_assert_int_eq(rmdir("home/plain/cats"), 0);
    ck_assert_int_eq(rename("home/plain/ants/deep", "home/deep"), 0);
    must_refuse("plain.index", NULL, "since the index was made");
}
END_TEST

START_TEST(changed_tars)
{
    set_time("home/shards/a-0.tar", 1000);
    save("home/shards", NULL, "shards.index");
    set_time("home/shards/a-0.tar", 2000);
    index_close(must_open("shards.index", NULL));
    put("home/shards/pack.json", "{}");
    must_refuse("shards.index", NULL, "pack.json has changed");
    ck_assert_int_eq(unlink("home/shards/pack.json"), 0);
    make_tar("home/shards/a-0.tar", "q/", 5); /* of the same size */
    must_refuse("shards.index", NULL, "a-0.tar has changed");
    make_tar("home/shards/a-0.tar", "x/", 6);
    must_refuse("shards.index", NULL, "a-0.tar has another size");
    ck_assert_int_eq(unlink("home/shards/a-0.tar"), 0);
    must_refuse("shards.index", NULL, "since the index was made");
}
END_TEST

static void cannot_read(const struct index *index, uint64_t id, const char *says)
{
    struct buffer bytes = { 0 };
    struct error err = { 0 };
    char all[1600];
    ck_assert_int_eq(index_read(index, id, &bytes, &err), -1);
    snprintf(all, sizeof(all), "%s: %s", err.place, err.message);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(all, says), "%s", all);
    buffer_release(&bytes);
}

START_TEST(changed_files)
{
    save("home/plain", NULL, "plain.index");
    struct index *index = must_open("plain.index", NULL);
    put("home/plain/ants/1.JPEG", "longer than before");
    cannot_read(index, 0, "1.JPEG: has 18 bytes, in the index 5");
    ck_assert_int_eq(unlink("home/plain/bees/z.jpg"), 0);
    cannot_read(index, 2, "bees/z.jpg: cannot open");
    ck_assert_int_eq(mkfifo("home/plain/bees/z.jpg", 0666), 0);
    cannot_read(index, 2, "bees/z.jpg: is no ordinary file");
    index_close(index);
}
END_TEST

START_TEST(options_must_fit)
{
    save("home/plain", "classes.csv", "plain.index");
    put("others.csv", "0,ants\n1,bees\n");
    struct index_options others = { .classes = "others.csv" }, none = { 0 };
    must_refuse("plain.index", &others, "another classes file than others.csv");
    struct index *index = must_open("plain.index", &none);
    ck_assert_int_eq(index_sample(index, 2).label, 17);
    index_close(index);
    FILE *tar = fopen("bare.tar", "wb");
    hand_tar_add(tar, "1.jpg", '0', "x", 1);
    hand_tar_end(tar);
    save("bare.tar", NULL, "bare.index");
    must_refuse("bare.index", NULL, "have no class");
    struct index_options any = { .allow_unlabeled = true };
    index = must_open("bare.index", &any);
    ck_assert_int_eq(index_label(index, 0), -1);
    index_close(index);
}
END_TEST

/* Ask everything of an index file that may be damaged; whether it is sound. */
static bool survives(const char *path)
{
    struct index *index;
    struct error err = { 0 };
    struct buffer bytes = { 0 };
    if (index_open(&index, path, NULL, &err) < 0) {
        ck_assert(err.message[0] && !strchr(err.message, '\n'));
        return false;
    }
    for (uint64_t id = 0; id < index_count(index); id++) {
        char place[300];
        struct sample s = index_sample(index, id);
        ck_assert_int_ge(s.label, -1);
        ck_assert_int_lt(s.label, index_classes(index));
        ck_assert_int_ge(index_label(index, id), -1);
        ck_assert_int_lt(index_label(index, id), index_classes(index));
        ck_assert_uint_lt(strlen(s.key), INDEX_KEY_MAX);
        index_place(index, id, place, sizeof(place));
        if (index_read(index, id, &bytes, &err) < 0)
            ck_assert_int_eq(err.kind, ERROR_DATA);
        index_advise(index, id);
    }
    bool sound = index_check(index, &err) == 0;
    index_close(index);
    buffer_release(&bytes);
    return sound;
}

static void write_bytes(const char *path, const void *data, size_t size)
{
    (void)unlink(path); /* writing over it would wait for the disk */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    ck_assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

START_TEST(damaged)
{
    struct error err = { 0 };
    struct buffer file = { 0 };
    save(sources[_i].data, sources[_i].classes, "good.index");
    ck_assert(survives("good.index"));
    ck_assert_int_eq(file_read("good.index", FILE_LIMIT, &file, &err), 0);
    for (size_t size = 0; size < file.size; size += 1 + size / 64) {
        write_bytes("cut.index", file.data, size);
        ck_assert(!survives("cut.index"));
    }
    for (size_t at = 0; at < file.size; at += (size_t)(1 + at / 512)) {
        char old = file.data[at];
        file.data[at] = (char)(old ^ (1 << at % 8));
        write_bytes("odd.index", file.data, file.size);
        ck_assert_msg(!survives("odd.index"), "byte %zu", at);
        file.data[at] = old;
    }
    buffer_release(&file);
}
END_TEST

/* Hashes that fit what was changed. */
static void sign(char *image, size_t size)
{
    struct index_header h;
    memcpy(&h, image, sizeof(h));
    size_t table = size - sizeof(h) > h.meta_bytes ? size - sizeof(h) - h.meta_bytes : 0;
    h.table_hash = hash64(image + sizeof(h), table);
    h.meta_hash = hash64(image + sizeof(h) + table, size - sizeof(h) - table);
    h.header_hash = hash64(&h, offsetof(struct index_header, header_hash));
    memcpy(image, &h, sizeof(h));
}

/* The same in memory of just that size, where the address sanitizer sees what a mapping hides. */
static void survives_in_memory(const char *image, size_t size)
{
    struct index_layout v;
    struct index_meta meta = { 0 };
    struct error err = { 0 };
    if (layout_open(&v, image, size, "forged", &err) == 0 &&
        layout_meta(&v, &meta, "forged", &err) == 0) {
        for (uint64_t id = 0; id < v.header.count; id++) {
            struct index_item item;
            const char *key = layout_key(&v, id);
            ck_assert(!key || key + strlen(key) < v.meta);
            if (layout_item(&v, id, &item))
                ck_assert_uint_lt(item.part, meta.part_count);
        }
        (void)layout_check(&v, "forged", &err);
    }
    meta_release(&meta);
}

/* By somebody who knows how it is made. */
START_TEST(forged)
{
    struct error err = { 0 };
    struct buffer file = { 0 };
    save(sources[_i].data, sources[_i].classes, "good.index");
    ck_assert_int_eq(file_read("good.index", FILE_LIMIT, &file, &err), 0);
    char *image = malloc(file.size);
    struct rng rng = rng_start(rng_derive(1, "sample", "forged", 0), 0, 0);
    for (int i = 0; i < test_scaled(4000); i++) {
        memcpy(image, file.data, file.size);
        for (uint64_t n = 1 + rng_below(&rng, 3); n > 0; n--) {
            size_t at = 8 + rng_below(&rng, rng_below(&rng, 2) ? 64 : file.size - 8);
            static const char values[] = { 0, 1, 127, -128, -1 };
            image[at] = values[rng_below(&rng, sizeof(values))];
        }
        const struct index_header *h = (const struct index_header *)file.data;
        if (i % 8 == 0) /* the last key's end */
            image[file.size - h->meta_bytes - 1] = 'x';
        sign(image, file.size);
        survives_in_memory(image, file.size);
        write_bytes("forged.index", image, file.size);
        (void)survives("forged.index");
    }
    free(image);
    buffer_release(&file);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("index file");
    tcase_add_checked_fixture(cases, setup, scratch_leave);
    tcase_add_loop_test(cases, same_as_scanning, 0, SOURCES);
    tcase_add_test(cases, many);
    tcase_add_test(cases, found_in_cache);
    tcase_add_test(cases, changes_noticed);
    tcase_add_test(cases, changed_tars);
    tcase_add_test(cases, changed_files);
    tcase_add_test(cases, options_must_fit);
    tcase_add_loop_test(cases, damaged, 0, SOURCES);
    tcase_add_loop_test(cases, forged, 0, SOURCES);
    return suite_run();
}
