/*
 * Claim: a training through a daemon has the same weights as one without, whatever is killed,
 * stopped or copied on the way.
 */
#include <stdio.h>
#include <string.h>

#include "tests/daemon.h"
#include "tests/suite.h"

static struct daemon d;

/* As much as a message of Check's may hold. */
static const char *end_of(const char *text)
{
    size_t length = strlen(text);
    return length > 1500 ? text + length - 1500 : text;
}

/* Run a training through the daemon in the background until it has finished ten epochs. */
static void begin_training(const char *arguments)
{
    char line[900], out[1000];
    snprintf(line, sizeof(line),
             "(@/nntrain %s >%%/out 2>&1; echo status $? >>%%/out) >/dev/null 2>&1 & :", arguments);
    ck_assert_int_eq(daemon_run(line, out, sizeof(out)), 0);
    ck_assert_int_eq(
        daemon_run("for i in $(seq 1200); do grep -q 'epoch *10/' %/out && exit; sleep 0.05; "
                   "done; cat %/out; exit 1",
                   out, sizeof(out)),
        0);
}

/* A training through the daemon ends in the weights of one without, also when the daemon is stopped
 * and killed on the way and another takes over. */
START_TEST(training_is_the_same)
{
    static const char config[] =
        "data: {batch: 8, soft_labels: no}\n"
        "augment: [{resize_short: 24}, {random_crop: 20}, hflip, normalize]\n"
        "mix: [{mixup: {alpha: 1}}]\n"
        "model: {name: small, input: [3, 20, 20], classes: 4, layers: [{conv: {name: c, out: 4, "
        "kernel: 3}}, relu, global_avgpool, {linear: {name: linear, out: 4}}]}\n"
        "train: {epochs: 100, lr: 0.05}\n";
    static char out[65536];
    char line[600], there[400];
    daemon_write("net.yaml", config);
    daemon_start(&d, "");
    snprintf(line, sizeof(line), "@/nntrain %%/net.yaml --data %s --out %%/here", daemon_data.root);
    ck_assert_msg(daemon_run(line, out, sizeof(out)) == 0, "%s", end_of(out));
    snprintf(there, sizeof(there),
             "%%/net.yaml --data %s --out %%/there --daemon %s --threads 1 --resume",
             daemon_data.root, d.address);
    for (int i = 0; i < 2; i++) {
        begin_training(there);
        if (i == 0)
            ck_assert_int_eq(daemon_stop(&d), 0);
        else
            daemon_kill(&d);
        ck_assert_int_eq(
            daemon_run("for i in $(seq 1200); do grep -q status %/out && break; sleep 0.05; "
                       "done; cat %/out",
                       out, sizeof(out)),
            0);
        ck_assert_msg(strstr(out, i ? "daemon is gone" : "has been stopped") &&
                          strstr(out, "--resume goes on") && strstr(out, "status 75"),
                      "%s", end_of(out));
        daemon_start(&d, "");
        /* It has gone on beyond the tenth epoch: what follows starts behind it. */
        ck_assert_int_eq(daemon_run("rm %/out", out, sizeof(out)), 0);
        if (i == 0) {
            snprintf(line, sizeof(line), "mkdir %%/copy && cp -a %%/there/. %%/copy");
            ck_assert_int_eq(daemon_run(line, out, sizeof(out)), 0);
            snprintf(line, sizeof(line), "rm -rf %%/there");
            ck_assert_int_eq(daemon_run(line, out, sizeof(out)), 0);
        }
    }
    static const char *const runs[] = { "there", "copy" };
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof(line),
                 "@/nntrain %%/net.yaml --data %s --out %%/%s --daemon %s --resume",
                 daemon_data.root, runs[i], d.address);
        ck_assert_msg(daemon_run(line, out, sizeof(out)) == 0, "%s", end_of(out));
        snprintf(line, sizeof(line), "cmp %%/here/last.safetensors %%/%s/last.safetensors",
                 runs[i]);
        ck_assert_msg(daemon_run(line, out, sizeof(out)) == 0, "%s", end_of(out));
    }
    snprintf(line, sizeof(line),
             "@/nntrain %%/net.yaml --data %s --out %%/none --daemon unix:%%/none",
             daemon_data.root);
    ck_assert_int_eq(daemon_run(line, out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "no daemon answers"), "%s", end_of(out));
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("daemon_training");
    tcase_add_checked_fixture(cases, daemon_enter, daemon_leave);
    tcase_add_test(cases, training_is_the_same);
    return suite_run();
}
