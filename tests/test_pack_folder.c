/*
 * Claim: however often a pack is killed, stopped or meets a full disk, the folder ends with the
 * same bytes; nothing is mixed with what lies in it already; its index is checked before it is
 * believed.
 */
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
#include "base/rng.h"
#include "loader/pack_check.h"
#include "tests/packing.h"
#include "tests/same_data.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static ino_t inode(const char *path)
{
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    return info.st_ino;
}

/* A run is killed at some moment, again and again, until one comes through. */
START_TEST(killed)
{
    packing_photos();
    struct pack_options o = packing_options();
    o.threads = 1;
    packing_must("photos", "whole", &o);
    for (int moment = 0; moment < 12; moment++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            packing_must("photos", "killed", &o);
            _exit(0);
        }
        usleep((useconds_t)(2000 * moment));
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
    }
    packing_must("photos", "killed", &o);
    packing_equal("whole", "killed");
}
END_TEST

/* What a kill can leave: shards, an index without its tar, temporary files. */
START_TEST(gone_on_with)
{
    packing_photos();
    struct pack_options o = packing_options();
    packing_must("photos", "whole", &o);
    struct pack_result r = packing_must("photos", "again", &o);
    ino_t kept = inode("again/shard-000001.tar");
    ck_assert_int_eq(unlink("again/pack.json"), 0);
    ck_assert_int_eq(unlink("again/shard-000000.tar"), 0);
    ck_assert_int_eq(unlink("again/shard-000002.tar"), 0);
    ck_assert_int_eq(unlink("again/shard-000002.idx"), 0);
    packing_put("again/shard-000002.tar.a1B2c3", "half", 4);
    packing_put("again/shard-000002.idx.a1B2c3", "half", 4);
    packing_put("again/pack.json.a1B2c3", "half", 4);
    struct pack_result second = packing_must("photos", "again", &o);
    ck_assert_uint_eq(second.shards_made, 2);
    ck_assert_uint_eq(second.shards, r.shards);
    ck_assert_uint_eq(second.bytes, r.bytes);
    ck_assert(inode("again/shard-000001.tar") == kept);
    packing_equal("whole", "again");
    ck_assert_uint_eq(packing_must("photos", "again", &o).shards_made, 0);
    packing_equal("whole", "again");
}
END_TEST

START_TEST(stopped)
{
    packing_photos();
    volatile sig_atomic_t stop = 1;
    struct pack_options o = packing_options();
    o.stop = &stop;
    packing_refused("photos", "packed", &o, ERROR_INTERRUPTED, "run it again");
    ck_assert_int_eq(packing_count("packed"), 0);
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
    packing_photos();
    struct pack_options o = packing_options();
    struct pack_result r;
    struct error err;
    packing_must("photos", "whole", &o);
    o.stop = &alarmed;
    ck_assert(signal(SIGALRM, on_alarm) != SIG_ERR);
    int interrupted = 0;
    for (int moment = 1; moment < 30; moment++) {
        struct itimerval timer = { .it_value = { .tv_usec = 300 * moment } };
        alarmed = 0;
        ck_assert_int_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
        if (packing_try("photos", "stopped", &o, &r, &err) < 0) {
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
    packing_must("photos", "stopped", &o);
    packing_equal("whole", "stopped");
}
END_TEST

START_TEST(foreign_folder)
{
    packing_photos();
    struct pack_options o = packing_options();
    packing_must("photos", "packed", &o);
    char before[65], after[65];
    int count;
    packing_hash("packed", before, &count);

    o.form.restart = 32;
    packing_refused("photos", "packed", &o, ERROR_DATA, "restart is 64 there, 32 here");
    o = packing_options();
    o.shard_bytes = 1000000;
    packing_refused("photos", "packed", &o, ERROR_DATA, "shard_size is 30000 there, 1000000 here");
    o = packing_options();
    o.prefix = "train";
    packing_refused("photos", "packed", &o, ERROR_DATA, "packed");
    o = packing_options();
    packing_image("photos/a/new.jpg", 50, 50, packing_jpeg, 9);
    packing_refused("photos", "packed", &o, ERROR_DATA, "dataset is");
    ck_assert_int_eq(unlink("photos/a/new.jpg"), 0);
    ck_assert_int_eq(rename("photos/a/000.jpg", "kept.jpg"), 0);
    packing_image("photos/a/000.jpg", 50, 50, packing_jpeg, 9); /* the same key with other bytes */
    packing_refused("photos", "packed", &o, ERROR_DATA, "source_bytes is");
    ck_assert_int_eq(rename("kept.jpg", "photos/a/000.jpg"), 0);
    packing_hash("packed", after, &count);
    ck_assert_str_eq(before, after);

    packing_put("stray/mine.tar", "tar", 3);
    packing_refused("photos", "stray", &o, ERROR_DATA, "mine.tar: was not packed here");
    packing_put("bare/shard-000001.tar", "tar", 3);
    packing_refused("photos", "bare", &o, ERROR_DATA, "shard-000001.tar: was not packed here");
    packing_put("old/pack.json", "{\"format\": \"tenfold-pack\"}", 26);
    packing_refused("photos", "old", &o, ERROR_DATA, "pack.json");
    ck_assert_int_eq(truncate("packed/shard-000001.tar", 5000), 0);
    packing_refused("photos", "packed", &o, ERROR_DATA, "shard-000001.idx: says that the tar");
    ck_assert_int_eq(packing_count("stray") + packing_count("bare") + packing_count("old"), 3);

    packing_refused("photos", "photos", &o, ERROR_USAGE, "lies in the folder");
    packing_refused("photos", "photos/a/new/packed", &o, ERROR_USAGE, "lies in the folder");
    o.prefix = "a/b";
    packing_refused("photos", "new", &o, ERROR_USAGE, "--prefix");
    o.prefix = ".a";
    packing_refused("photos", "new", &o, ERROR_USAGE, "--prefix");
    ck_assert(!file_exists("new"));
}
END_TEST

/* A tar may name its members as it likes; what is packed stays below its folder. */
START_TEST(keys_that_lead_out)
{
    static const char *const names[] = { "../up.jpg", "a/../../up.jpg", "/etc/up.jpg" };
    struct pack_options o = packing_options();
    for (size_t i = 0; i < 3; i++) {
        char command[200];
        packing_put("up.jpg", "x", 1);
        snprintf(
            command, sizeof(command),
            "tar cPf odd%zu.tar --transform 's|.*|%s|' up.jpg && tar tPf odd%zu.tar >/dev/null", i,
            names[i], i);
        ck_assert_int_eq(system(command), 0);
        snprintf(command, sizeof(command), "odd%zu.tar", i);
        packing_refused(command, "packed", &o, ERROR_DATA, "cannot be packed");
    }
    ck_assert(!file_exists("packed"));
}
END_TEST

/* A file system that takes no more than so many bytes of a file. */
START_TEST(full_disk)
{
    packing_photos();
    struct pack_options o = packing_options();
    struct rlimit limit;
    packing_must("photos", "whole", &o);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 20000;
    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    packing_refused("photos", "packed", &o, ERROR_FAILED, "shard-000000.tar: cannot be written");
    ck_assert_int_eq(packing_count("packed"), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    packing_must("photos", "packed", &o);
    packing_equal("whole", "packed");
}
END_TEST

START_TEST(checked_by_crc)
{
    packing_photos();
    struct pack_options o = packing_options();
    packing_must("photos", "packed", &o);
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
    packing_put("packed/shard-000000.idx", "v1.2 8\n", 7);
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
    packing_photos();
    struct pack_options o = packing_options();
    packing_must("photos", "packed", &o);
    struct buffer whole = { 0 };
    struct error err;
    ck_assert_int_eq(file_read("packed/shard-000000.idx", FILE_LIMIT, &whole, &err), 0);
    struct index *index = same_data_open("packed", NULL);
    struct rng rng = rng_start(rng_derive(1, "sample", "idx", 0), 0, 0);
    for (int i = 0; i < 300; i++) {
        size_t at = rng_below(&rng, whole.size);
        char old = whole.data[at];
        whole.data[at] = (char)rng_below(&rng, 256);
        packing_put("packed/shard-000000.idx", whole.data, i % 2 ? whole.size : at);
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
    packing_photos();
    struct index *index = same_data_open("photos", NULL);
    struct pack_options o = packing_options();
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
    TCase *cases = suite_cases("pack_folder");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, killed);
    tcase_add_test(cases, gone_on_with);
    tcase_add_test(cases, stopped);
    tcase_add_test(cases, interrupted);
    tcase_add_test(cases, foreign_folder);
    tcase_add_test(cases, keys_that_lead_out);
    tcase_add_test(cases, full_disk);
    tcase_add_test(cases, checked_by_crc);
    tcase_add_test(cases, broken_index);
    tcase_add_test(cases, changed_meanwhile);
    return suite_run();
}
