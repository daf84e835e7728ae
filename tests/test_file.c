/*
 * Claim: a file is seen whole or not at all, reading is bounded and names what is wrong, sizes and
 * allocations that overflow are errors, and messages hold nothing a terminal would obey.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static int entries(void)
{
    int count = 0;
    DIR *dir = opendir(".");
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

START_TEST(written_whole)
{
    struct error err = { 0 };
    struct buffer b = { 0 };
    ck_assert_int_eq(file_write("a", "one", 3, &err), 0);
    struct file_out *out;
    ck_assert_int_eq(file_create(&out, "a", &err), 0);
    fprintf(file_stream(out), "half of it");
    fflush(file_stream(out));
    ck_assert_int_eq(file_read("a", 100, &b, &err), 0);
    ck_assert_str_eq(b.data, "one"); /* the old content until the commit */
    file_abandon(out);
    ck_assert_int_eq(entries(), 1);
    ck_assert_int_eq(file_create(&out, "a", &err), 0);
    fprintf(file_stream(out), "two");
    ck_assert_int_eq(file_commit(out, &err), 0);
    ck_assert_int_eq(file_read("a", 100, &b, &err), 0);
    ck_assert_str_eq(b.data, "two");
    ck_assert_int_eq(entries(), 1);
    struct stat info;
    ck_assert_int_eq(stat("a", &info), 0);
    ck_assert_int_ne(info.st_mode & 0044, 0); /* readable for others as the umask allows */
    buffer_release(&b);
}
END_TEST

START_TEST(wrong_files_are_named)
{
    struct error err = { 0 };
    struct buffer b = { 0 };
    ck_assert_int_eq(file_read("absent", 100, &b, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_str_eq(err.place, "absent");
    ck_assert_int_eq(file_read(".", 100, &b, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "folder"));
    ck_assert_int_eq(file_write("big", "0123456789", 10, &err), 0);
    ck_assert_int_eq(file_read("big", 9, &b, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "at most 9"));
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(file_read("pipe", 100, &b, &err), -1); /* and does not wait for a writer */
    ck_assert_ptr_nonnull(strstr(err.message, "no ordinary file"));
    ck_assert_int_eq(file_write("no/such/folder", "x", 1, &err), -1);
    ck_assert_int_eq(file_make_folders("p/q/r", &err), 0);
    ck_assert_int_eq(file_make_folders("p/q/r/", &err), 0);
    ck_assert(file_is_folder("p/q/r"));
    ck_assert_int_eq(file_make_folders("big/x", &err), -1);
    buffer_release(&b);
}
END_TEST

START_TEST(replaced_only_by_their_kind)
{
    struct error err = { 0 };
    struct buffer b = { 0 };
    struct stat info;
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(mkdir("folder", 0700), 0);
    ck_assert_int_eq(symlink("folder/real", "link"), 0);
    ck_assert_int_eq(file_write("pipe", "x", 1, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert(stat("pipe", &info) == 0 && S_ISFIFO(info.st_mode));
    ck_assert_int_eq(file_write("folder", "x", 1, &err), -1);
    ck_assert_int_eq(file_write("folder/real", "old", 3, &err), 0);
    ck_assert_int_eq(file_write("link", "new", 3, &err), 0);
    ck_assert(lstat("link", &info) == 0 && S_ISLNK(info.st_mode));
    ck_assert_int_eq(file_read("folder/real", 100, &b, &err), 0);
    ck_assert_str_eq(b.data, "new");
    ck_assert_int_eq(entries(), 3);
    ck_assert_int_eq(file_check_out("absent/x", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(file_check_out("fresh", &err), 0);
    ck_assert_int_eq(entries(), 3); /* nothing was made */
    buffer_release(&b);
}
END_TEST

START_TEST(paths)
{
    static const struct {
        const char *folder, *name, *joined, *of_joined;
    } rows[] = {
        { "a", "b", "a/b", "a" },    { "a/", "b", "a/b", "a" }, { "", "b", "b", "." },
        { NULL, "b/c", "b/c", "b" }, { "a", "/b", "/b", "/" },  { "/a", "b/c", "/a/b/c", "/a/b" },
    };
    struct error err = { 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *joined = file_join(rows[i].folder, rows[i].name, &err);
        ck_assert_str_eq(joined, rows[i].joined);
        char *above = file_folder(joined, &err);
        ck_assert_str_eq(above, rows[i].of_joined);
        free(above);
        free(joined);
    }
}
END_TEST

START_TEST(sizes_that_overflow)
{
    size_t result = 42;
    ck_assert(!size_mul(SIZE_MAX / 2, 3, &result));
    ck_assert(!size_add(SIZE_MAX, 1, &result));
    ck_assert_uint_eq(result, 42);
    ck_assert(size_mul(0, SIZE_MAX, &result) && result == 0);
    struct error err = { 0 };
    ck_assert_ptr_null(memory_array(SIZE_MAX, 2, &err));
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_ptr_null(memory_aligned(SIZE_MAX / 4, 4, &err));
    void *array = NULL;
    size_t capacity = 0;
    ck_assert_int_eq(memory_grow(&array, &capacity, SIZE_MAX / 2, 4, &err), -1);
    ck_assert_int_eq(memory_grow(&array, &capacity, 5, 4, &err), 0);
    ck_assert_uint_ge(capacity, 5);
    free(array);
    float *aligned = memory_aligned(3, sizeof(*aligned), &err);
    ck_assert_uint_eq((uintptr_t)aligned % 64, 0);
    free(aligned);
}
END_TEST

START_TEST(messages_are_printable)
{
    struct error err = { 0 };
    ck_assert_int_eq(error_set(&err, ERROR_DATA, "evil\033[2J\nname", "tab\there"), -1);
    ck_assert_str_eq(err.place, "evil?[2J?name");
    ck_assert_str_eq(err.message, "tab?here");
    ck_assert_int_eq(error_status(&err), 3);
}
END_TEST

START_TEST(buffer_grows)
{
    struct error err = { 0 };
    struct buffer b = { 0 };
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(buffer_print(&b, &err, "%d,", i % 10), 0);
    ck_assert_uint_eq(b.size, 2000);
    ck_assert_uint_eq(strlen(b.data), 2000);
    ck_assert_int_eq(buffer_append(&b, "x\0y", 3, &err), 0);
    ck_assert_uint_eq(b.size, 2003);
    buffer_release(&b);
    ck_assert_ptr_null(b.data);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("file");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, written_whole);
    tcase_add_test(cases, wrong_files_are_named);
    tcase_add_test(cases, replaced_only_by_their_kind);
    tcase_add_test(cases, paths);
    tcase_add_test(cases, sizes_that_overflow);
    tcase_add_test(cases, messages_are_printable);
    tcase_add_test(cases, buffer_grows);
    return suite_run();
}
