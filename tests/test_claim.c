/*
 * Claim: of any number of processes one gets a claim, and what they write is whole; a heart is dead
 * when it was left or has been silent for as long as its listener is patient, by the listener's own
 * clock and only while he listens.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/progress.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "train/claim.h"

enum { PROCESSES = 8, CLAIMS = 40 };

START_TEST(one_winner)
{
    struct error err = { 0 };
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0) {
            int wins = 0;
            for (int claim = 0; claim < CLAIMS; claim++) {
                bool won;
                if (claim_take(".", claim, &won, &err) < 0)
                    _exit(255);
                wins += won;
            }
            _exit(wins);
        }
    int all = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) <= CLAIMS);
        all += WEXITSTATUS(status);
    }
    ck_assert_int_eq(all, CLAIMS);
    ck_assert_int_eq(claim_last(".", 0), CLAIMS - 1);
    ck_assert(claim_held(".", CLAIMS - 1) && !claim_held(".", 0));
    for (int claim = 0; claim < CLAIMS; claim++) {
        char name[32];
        snprintf(name, sizeof(name), "claim.%d", claim);
        json_t *content = json_read(name, &err);
        ck_assert(content && json_integer_value(json_object_get(content, "pid")) > 0);
        json_decref(content);
    }
}
END_TEST

/* Files in the working folder, hidden ones too. */
static int count_files(void)
{
    int count = 0;
    DIR *folder = opendir(".");
    for (struct dirent *entry; (entry = readdir(folder));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

/* A file system without room leaves nothing, and says so. */
START_TEST(no_room)
{
    struct rlimit small = { 20, 20 };
    struct error err = { 0 };
    bool won = true;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(claim_take(".", 0, &won, &err), -1);
    ck_assert(!won && strstr(err.place, "claim.0") && strstr(err.message, "cannot be written"));
    ck_assert_int_eq(count_files(), 0);
    ck_assert_int_eq(claim_last(".", 0), -1);
}
END_TEST

static void write_beat(const char *text)
{
    struct error err = { 0 };
    ck_assert_int_eq(file_write("heartbeat.3", text, strlen(text), &err), 0);
}

START_TEST(listening)
{
    const double patience = 0.2;
    struct pulse pulse = { 0 };
    write_beat("1");
    ck_assert(!pulse_dead(&pulse, ".", 3, patience));
    /* However long ago the last look was: a look alone buries nobody. */
    usleep(400000);
    ck_assert(!pulse_dead(&pulse, ".", 3, patience));
    write_beat("2");
    ck_assert(!pulse_dead(&pulse, ".", 3, patience));
    ck_assert_double_eq(pulse.silence, 0);
    double start = clock_seconds();
    while (!pulse_dead(&pulse, ".", 3, patience)) {
        ck_assert_double_lt(clock_seconds() - start, 60);
        usleep(10000);
    }
    ck_assert_double_ge(clock_seconds() - start, patience);
    /* A file with an old time and a new content is alive. */
    write_beat("3");
    ck_assert_int_eq(system("touch -d 2001-01-01 heartbeat.3"), 0);
    ck_assert(!pulse_dead(&pulse, ".", 3, patience));
    write_beat("left");
    ck_assert(pulse_dead(&pulse, ".", 3, patience));
    ck_assert(
        !pulse_dead(&pulse, ".", 4, patience)); /* another attempt: heard for the first time */
}
END_TEST

START_TEST(beats)
{
    struct heart *heart;
    struct pulse pulse = { 0 };
    struct error err = { 0 };
    volatile sig_atomic_t stop = 0;
    const struct heart_options options = { .beat = 0.01, .stop = &stop };
    ck_assert_int_eq(heart_open(&heart, ".", 0, &options, &err), 0);
    ck_assert(!pulse_dead(&pulse, ".", 0, 60));
    char first[sizeof(pulse.text)];
    memcpy(first, pulse.text, sizeof(first));
    for (double start = clock_seconds(); strcmp(first, pulse.text) == 0; usleep(5000)) {
        ck_assert_double_lt(clock_seconds() - start, 60);
        ck_assert(!pulse_dead(&pulse, ".", 0, 60));
    }
    ck_assert_int_eq(interrupt_asked(heart_stop(heart)), 0);
    interrupt_ask(&stop, SIGTERM);
    for (double start = clock_seconds(); !interrupt_asked(heart_stop(heart)); usleep(5000))
        ck_assert_double_lt(clock_seconds() - start, 60);
    ck_assert_int_eq(interrupt_asked(heart_stop(heart)), SIGTERM);
    heart_close(heart, true);
    ck_assert(pulse_dead(&pulse, ".", 0, 60));
}
END_TEST

START_TEST(deadline)
{
    struct heart *heart;
    struct error err = { 0 };
    const struct heart_options options = { .beat = 60, .deadline = clock_seconds() + 0.1 };
    ck_assert_int_eq(heart_open(&heart, ".", 0, &options, &err), 0);
    for (double start = clock_seconds(); !interrupt_asked(heart_stop(heart)); usleep(5000))
        ck_assert_double_lt(clock_seconds() - start, 60);
    ck_assert_int_eq(interrupt_asked(heart_stop(heart)), SIGALRM);
    ck_assert_double_ge(clock_seconds(), options.deadline);
    heart_close(heart, false);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("claim");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, one_winner);
    tcase_add_test(cases, no_room);
    tcase_add_test(cases, listening);
    tcase_add_test(cases, beats);
    tcase_add_test(cases, deadline);
    return suite_run();
}
