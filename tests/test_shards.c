/*
 * Claim: the files of `nneval predict` are the same bytes for any batch, number of threads, number
 * of shards and order of models, also when the process is killed at any moment and run again; merge
 * gives the bytes of one process, and lists what is missing, doubled or foreign; missing names the
 * tasks to run again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/rng.h"
#include "eval/prediction.h"
#include "model/weights.h"
#include "tests/command_line.h"
#include "tests/shard_models.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { CLASSES = SHARD_MODELS_CLASSES, IMAGES = 75 };

static struct tiny tiny;
static char home[64];
static char program[300];

/* "@" is nneval, "#" the data, "~" the folder of the test; what it prints in `out` (4000). */
static int run(const char *line, char *out)
{
    const struct command_line_mark marks[] = {
        { '@', program }, { '#', tiny.root }, { '~', home }, { 0 }
    };
    return command_line_run(line, marks, out, 4000);
}

static void must_run(const char *line)
{
    char out[4000];
    int status = run(line, out);
    ck_assert_msg(status == 0, "%s: %d: %s", line, status, out);
}

static void must_refuse(const char *line, int status, const char *says)
{
    char out[4000];
    int found = run(line, out);
    ck_assert_msg(found == status && strstr(out, says), "%s: %d: %s (for %s)", line, found, out,
                  says);
}

static void same_files(const char *a, const char *b)
{
    char line[300];
    snprintf(line, sizeof(line), "cmp ~/%s ~/%s", a, b);
    must_run(line);
}

#define MODELS " --model ~/slow.safetensors --model ~/other.safetensors"
#define MODELS_TURNED " --model ~/other.safetensors --model ~/slow.safetensors"
#define VIEWS " --views 10crop --keep-views float16"
#define PREDICT "@ predict --data #" VIEWS

/* Once, before the cases fork: data, models, and the files of one plain run. */
static void make_all(void)
{
    const char *bin = command_line_bin();
    char here[200];
    ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
    snprintf(program, sizeof(program), "%s%s%s/nneval", bin[0] == '/' ? "" : here,
             bin[0] == '/' ? "" : "/", bin);
    tiny_make(&tiny, &(struct tiny_shape){ CLASSES, IMAGES, 40, 36, 1 });
    snprintf(home, sizeof(home), "/tmp/tenfold-shards-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
    shard_models_make(home);
    must_run(PREDICT MODELS " --threads 1 --out ~/one");
}

static void remove_all(void)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", home);
    ck_assert_int_eq(system(command), 0);
    tiny_remove(&tiny);
}

static void check_against_one(const char *folder)
{
    char a[100], b[100];
    static const char *const names[] = { "slow", "other" };
    for (int i = 0; i < 2; i++) {
        snprintf(a, sizeof(a), "one/%s.safetensors", names[i]);
        snprintf(b, sizeof(b), "%s/%s.safetensors", folder, names[i]);
        same_files(a, b);
    }
}

static const char *const companies[] = { MODELS " --threads 2", MODELS " --threads 7 --batch 1",
                                         MODELS_TURNED " --threads 2 --batch 99",
                                         MODELS_TURNED " --threads 1 --batch 33" };

START_TEST(any_company)
{
    char line[600];
    snprintf(line, sizeof(line), PREDICT "%s --out ~/c%d", companies[_i], _i);
    must_run(line);
    snprintf(line, sizeof(line), "c%d", _i);
    check_against_one(line);
}
END_TEST

/* A model alone, whose file must not depend on the other's presence. */
START_TEST(alone)
{
    must_run(PREDICT " --model ~/other.safetensors --out ~/alone");
    same_files("one/other.safetensors", "alone/other.safetensors");
}
END_TEST

/* Draws of a training recipe and of the network's own layers hang on the image and the sample
 * alone; another seed draws others. */
START_TEST(samples)
{
    static const char recipe[] = "augment: [{random_crop: 24}, hflip, {brightness: 0.2}]\n";
    struct error err = { 0 };
    char path[100], line[600];
    snprintf(path, sizeof(path), "%s/recipe.yaml", home);
    ck_assert_int_eq(file_write(path, recipe, strlen(recipe), &err), 0);
#define SAMPLE "@ predict --data # --samples 6 --keep-views float32 --recipe ~/recipe.yaml"
    must_run(SAMPLE " --model ~/noisy.safetensors --threads 1 --out ~/draw1");
    must_run(SAMPLE
             " --model ~/other.safetensors --model ~/noisy.safetensors --threads 3 --out ~/draw2");
    same_files("draw1/noisy.safetensors", "draw2/noisy.safetensors");
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof(line),
                 SAMPLE " --model ~/noisy.safetensors --out ~/draw3 --shard %d/3", i);
        must_run(line);
    }
    must_run("@ merge ~/draw3");
    same_files("draw1/noisy.safetensors", "draw3/noisy.safetensors");
    must_run(SAMPLE " --seed 1 --model ~/noisy.safetensors --out ~/draw4");
    must_refuse("cmp ~/draw1/noisy.safetensors ~/draw4/noisy.safetensors", 1, "differ");
    must_refuse(SAMPLE " --model ~/slow.safetensors --out ~/draw5", 2, "draws images of 24 x 24");
    must_refuse(SAMPLE " --views hflip --model ~/noisy.safetensors --out ~/draw5", 2,
                "without --views");
}
END_TEST

/* Without a recipe every sample sees the same pixels: what differs is the dropout. */
START_TEST(dropout_alone)
{
    struct error err = { 0 };
    struct prediction_file f;
    char path[100];
    float values[2 * CLASSES];
    must_run("@ predict --data # --samples 2 --keep-views float32 --model ~/noisy.safetensors "
             "--model ~/other.safetensors --out ~/drop");
    for (int noisy = 0; noisy < 2; noisy++) {
        int same = 0;
        snprintf(path, sizeof(path), "%s/drop/%s.safetensors", home, noisy ? "noisy" : "other");
        ck_assert_msg(prediction_open(&f, path, &err) == 0, "%s", err.message);
        for (int i = 0; i < IMAGES; i++) {
            ck_assert_int_eq(prediction_read_views(&f, (uint64_t)i, 1, values, &err), 0);
            same += !memcmp(values, values + CLASSES, CLASSES * sizeof(*values));
        }
        if (noisy)
            ck_assert_int_lt(same, IMAGES / 4);
        else
            ck_assert_int_eq(same, IMAGES);
        prediction_close(&f);
    }
}
END_TEST

/* As many groups as shards, fewer, and fewer samples in a shard than in a group. */
static const int cuts[] = { 2, 5, 9, 75 };

START_TEST(any_cut)
{
    char line[600], out[4000];
    int shards = cuts[_i];
    for (int i = shards - 1; i >= 0; i--) {
        snprintf(line, sizeof(line), PREDICT MODELS " --out ~/s%d --shard %d/%d", shards, i,
                 shards);
        must_run(line);
    }
    snprintf(line, sizeof(line), "@ missing ~/s%d", shards);
    ck_assert_int_eq(run(line, out), 0);
    ck_assert_str_eq(out, "");
    snprintf(line, sizeof(line), "@ merge ~/s%d --data #", shards);
    must_run(line);
    snprintf(line, sizeof(line), "s%d", shards);
    check_against_one(line);
}
END_TEST

/* Start predict in a process of its own. */
static pid_t start(const char *folder)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char model[100], other[100], out[100];
        snprintf(model, sizeof(model), "%s/slow.safetensors", home);
        snprintf(other, sizeof(other), "%s/other.safetensors", home);
        snprintf(out, sizeof(out), "%s/%s", home, folder);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execl(program, program, "predict", "--data", tiny.root, "--views", "10crop", "--keep-views",
              "float16", "--model", model, "--model", other, "--out", out, "--threads", "2",
              (char *)NULL);
        _exit(99);
    }
    return child;
}

/* Killed again and again, a little later each time, until it is done. */
START_TEST(killed)
{
    struct rng rng = rng_start(rng_derive((uint64_t)_i, "sample", "kill", 0), 0, 0);
    int signal_number = _i % 2 ? SIGUSR1 : SIGKILL, kills = 0, status = -1;
    char folder[20];
    snprintf(folder, sizeof(folder), "k%d", _i);
    for (int turn = 0; turn < 400; turn++) {
        long nap = (long)(rng_uniform(&rng) * 4e6 * (2 + turn));
        struct timespec time = { nap / 1000000000, nap % 1000000000 };
        pid_t child = start(folder);
        nanosleep(&time, NULL);
        kill(child, signal_number);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        if (WIFEXITED(status))
            ck_assert_int_eq(WEXITSTATUS(status), 75);
        else
            ck_assert_int_eq(WTERMSIG(status), signal_number);
        kills++;
    }
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_ge(kills, 2);
    check_against_one(folder);
    char part[200];
    snprintf(part, sizeof(part), "%s/%s/.shard-0000-of-0001.part", home, folder);
    ck_assert(!file_exists(part));
}
END_TEST

/* Done, it does nothing: also without the images. */
START_TEST(does_nothing)
{
    char out[4000];
    must_run("cp -a ~/one ~/done");
    must_run("touch -d 2001-01-01 ~/done/slow.safetensors");
    ck_assert_int_eq(run(PREDICT MODELS " --out ~/done", out), 0);
    ck_assert_msg(strstr(out, "75 images, 75 of them there already") != NULL, "%s", out);
    must_refuse("find ~/done/slow.safetensors -newermt 2002-01-01 | grep -c slow", 1, "0");
}
END_TEST

START_TEST(what_is_not_whole)
{
    char out[4000];
    for (int i = 0; i < 5; i++) {
        char line[600];
        snprintf(line, sizeof(line), PREDICT MODELS " --out ~/hole --shard %d/5", i);
        if (i != 1 && i != 2)
            must_run(line);
    }
    ck_assert_int_eq(run("@ missing ~/hole", out), 0);
    ck_assert_str_eq(out, "1,2\n");
    must_refuse("@ merge ~/hole", 3, "missing 16..47: 32 samples\n");
    must_refuse("@ merge ~/hole", 3, "of 75 samples 32 are missing, 0 doubled and 0 foreign");
    must_refuse("test -e ~/hole/slow.safetensors", 1, "");
    /* Another cut beside it: doubled, and the two are named. */
    must_run(PREDICT MODELS " --out ~/half --shard 1/2");
    must_run("cp ~/half/slow.shard-0001-of-0002.safetensors ~/hole");
    must_refuse("@ merge ~/hole", 3, "doubled 48..63: 16 samples in /tmp");
    must_run("rm ~/hole/slow.shard-0001-of-0002.safetensors");
    /* A file that is cut off is not there. */
    must_run("truncate -s -1 ~/hole/slow.shard-0000-of-0005.safetensors");
    ck_assert_int_eq(run("@ missing ~/hole", out), 0);
    ck_assert_str_eq(out, "0-2\n");
    must_refuse("@ merge ~/hole", 3, "cut off");
}
END_TEST

START_TEST(foreign)
{
    must_run("cp -a ~/one ~/more && mkdir -p ~/data2 && cp -a #/. ~/data2 && rm ~/data2/a/000.png");
    must_run("@ predict --data ~/data2" VIEWS MODELS " --out ~/fewer");
    must_refuse("@ merge ~/one/slow.safetensors ~/fewer/slow.safetensors --out ~/x.safetensors", 3,
                "foreign 0..73: 74 samples in ");
    /* Labels that changed behind the same keys: the data set is another one. */
    must_run("mkdir -p ~/data3 && cp -a #/. ~/data3 && mv ~/data3/a/000.png ~/data3/b/000x.png");
    must_refuse("@ merge ~/one/slow.safetensors --data ~/data3 --out ~/x.safetensors", 3,
                "the file is of another data set");
    must_refuse("@ merge ~/nowhere", 3, "nowhere: does not exist");
    must_refuse("@ merge ~/one/slow.safetensors ~/one/other.safetensors --out ~/x.safetensors", 3,
                "model hash");
}
END_TEST

START_TEST(kernel_sets)
{
    struct error err = { 0 };
    char out[4000], line[600];
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof(line),
                 PREDICT " --model ~/other.safetensors --out ~/mix --shard %d/2", i);
        must_run(line);
    }
    char path[200];
    snprintf(path, sizeof(path), "%s/mix/other.shard-0001-of-0002.safetensors", home);
    struct prediction_file f;
    ck_assert_msg(prediction_open(&f, path, &err) == 0, "%s", err.message);
    struct prediction_about about = f.about;
    about.kernels = "Other/avx9";
    ck_assert_int_eq(prediction_save(path, &f.prediction, &about, NULL, NULL, &err), 0);
    prediction_close(&f);
    must_refuse("@ merge ~/mix", 3, "number of views kept");
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof(line),
                 "@ predict --data # --model ~/other.safetensors --out ~/mix2 --shard %d/2", i);
        must_run(line);
    }
    snprintf(path, sizeof(path), "%s/mix2/other.shard-0001-of-0002.safetensors", home);
    ck_assert_int_eq(prediction_open(&f, path, &err), 0);
    about = f.about;
    about.kernels = "Other/avx9";
    ck_assert_int_eq(prediction_save(path, &f.prediction, &about, NULL, NULL, &err), 0);
    prediction_close(&f);
    ck_assert_int_eq(run("@ merge ~/mix2", out), 0);
    ck_assert_msg(strstr(out, "several kernel sets") && strstr(out, ", Other/avx9"), "%s", out);
}
END_TEST

/* Coarser convolutions give other bits, the same ones for any cut and threads; a folder is for one
 * kind, and files of both kinds are told apart. */
START_TEST(convolutions)
{
#define FAST "@ predict --data # --model ~/slow.safetensors --conv fast"
    char out[4000];
    must_run("@ predict --data # --model ~/slow.safetensors --out ~/exact");
    must_run(FAST " --threads 1 --out ~/fast");
    must_refuse("cmp ~/exact/slow.safetensors ~/fast/slow.safetensors", 1, "differ");
    must_run(FAST " --threads 3 --out ~/fast2 --shard 0/2");
    must_run(FAST " --batch 1 --out ~/fast2 --shard 1/2");
    must_run("@ merge ~/fast2");
    same_files("fast/slow.safetensors", "fast2/slow.safetensors");
    must_refuse(FAST " --out ~/exact", 2, "whose conv is \"exact\", and \"fast\" is asked for");
    must_run("@ predict --data # --model ~/slow.safetensors --out ~/exact2 --shard 0/2");
    must_run("cp ~/fast2/slow.shard-0001-of-0002.safetensors ~/exact2");
    ck_assert_int_eq(run("@ merge ~/exact2", out), 0);
    ck_assert_msg(strstr(out, "several kernel sets") && strstr(out, "/fast"), "%s", out);
    must_run("@ --data # --model ~/slow.safetensors --conv fast --probs ~/bare");
    must_run("@ score ~/bare/slow.safetensors --json ~/bare/fast.json && grep -q /fast "
             "~/bare/fast.json");
}
END_TEST

/* As the tasks of a job array with an offset and steps see it; later, of a few of them. */
START_TEST(job_array)
{
    char line[800], out[4000];
    for (int task = 10; task <= 14; task += 2) {
        snprintf(line, sizeof(line),
                 "SLURM_ARRAY_TASK_ID=%d SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_MAX=14 "
                 "SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=2 " PREDICT MODELS
                 " --out ~/array --shard slurm",
                 task);
        if (task != 12)
            must_run(line);
    }
    ck_assert_int_eq(run("@ missing ~/array", out), 0);
    ck_assert_str_eq(out, "12\n");
    must_refuse(
        "SLURM_ARRAY_TASK_ID=13 SLURM_ARRAY_TASK_MIN=13 SLURM_ARRAY_TASK_COUNT=1 " PREDICT MODELS
        " --out ~/array --shard slurm",
        2, "the tasks of");
    must_run(
        "SLURM_ARRAY_TASK_ID=12 SLURM_ARRAY_TASK_MIN=12 SLURM_ARRAY_TASK_COUNT=1 " PREDICT MODELS
        " --out ~/array --shard slurm");
    must_run("@ merge ~/array");
    check_against_one("array");
}
END_TEST

/* A folder takes nothing that it was not begun for. */
START_TEST(other_requests)
{
    must_refuse("@ predict --data # --views hflip" MODELS " --out ~/one", 2, "whose views is");
    must_refuse("@ predict --data #" VIEWS " --model ~/slow.safetensors --out ~/one", 2,
                "predictions of other models");
    must_refuse(PREDICT MODELS " --out ~/one --shard 0/3", 2, "is being filled in 1 shards");
    must_refuse(PREDICT " --model ~/slow.safetensors --model ~/slow.safetensors --out ~/twins", 2,
                "is the same network as");
    must_refuse(PREDICT MODELS " --size 32 --out ~/sized", 2,
                "other: is for inputs of 24 pixels and --size 32");
    must_refuse(PREDICT MODELS " --filter bilinear --out ~/sized", 2, "is for the bicubic filter");
}
END_TEST

START_TEST(no_samples)
{
    must_refuse(PREDICT MODELS " --out ~/many --shard 99/1000", 2,
                "some of 1000 shards would have no samples: the data set has 75");
    must_run("@ predict --data # --model ~/other.safetensors --out ~/many --shard 74/75");
}
END_TEST

/* A photograph that does not decode is named, and the groups before it are kept; a frame of the
 * checkpoint that is damaged is done again with those behind it, and the one before it is not. */
START_TEST(bad_image)
{
    char out[4000];
    must_run("mkdir -p ~/bad && cp -a #/. ~/bad && truncate -s 300 ~/bad/c/050.png");
    must_refuse("@ predict --data ~/bad" VIEWS MODELS " --out ~/badout", 3, "bad/c/050.png");
    must_run("cp -a ~/badout ~/badout2 && cp #/c/050.png ~/bad/c/050.png");
    ck_assert_int_eq(run("@ predict --data ~/bad" VIEWS MODELS " --out ~/badout", out), 0);
    ck_assert_msg(strstr(out, "75 images, 64 of them there already") != NULL, "%s", out);
    check_against_one("badout");
    must_run("printf x | dd of=~/badout2/.shard-0000-of-0001.part bs=1 seek=3000 conv=notrunc "
             "status=none");
    ck_assert_int_eq(run("@ predict --data ~/bad" VIEWS MODELS " --out ~/badout2", out), 0);
    ck_assert_msg(strstr(out, "75 images, 16 of them there already") != NULL, "%s", out);
    check_against_one("badout2");
}
END_TEST

/* The folder of the weights is not to lose them. */
START_TEST(weights_stay)
{
    must_run("mkdir -p ~/own && cp ~/other.safetensors ~/own");
    must_refuse("@ predict --data # --model ~/own/other.safetensors --out ~/own", 2,
                "holds no predictions and would be replaced");
    must_refuse("@ predict --data # --model ~/own/other.safetensors --out ~/own2 --shard 0/2 && cp "
                "~/other.safetensors ~/own2 && @ predict --data # --model ~/own/other.safetensors "
                "--out ~/own2 --shard 1/2",
                2, "holds no predictions and would be replaced");
    must_run("cmp ~/other.safetensors ~/own/other.safetensors");
}
END_TEST

/* What holds other results is not written over. */
START_TEST(other_checkpoint)
{
    must_run("mkdir -p ~/other1 && cp ~/one/predict.json ~/other1 && "
             "printf 'something else, longer than the head of a checkpoint: %0200d' 1 > "
             "~/other1/.shard-0000-of-0001.part");
    must_refuse(PREDICT MODELS " --out ~/other1", 3, "is no checkpoint of nneval");
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("shards");
    tcase_add_unchecked_fixture(cases, make_all, remove_all);
    tcase_add_loop_test(cases, any_company, 0, sizeof(companies) / sizeof(companies[0]));
    tcase_add_test(cases, alone);
    tcase_add_test(cases, samples);
    tcase_add_test(cases, dropout_alone);
    tcase_add_loop_test(cases, any_cut, 0, sizeof(cuts) / sizeof(cuts[0]));
    tcase_add_loop_test(cases, killed, 0, 4);
    tcase_add_test(cases, does_nothing);
    tcase_add_test(cases, what_is_not_whole);
    tcase_add_test(cases, foreign);
    tcase_add_test(cases, kernel_sets);
    tcase_add_test(cases, convolutions);
    tcase_add_test(cases, job_array);
    tcase_add_test(cases, other_requests);
    tcase_add_test(cases, no_samples);
    tcase_add_test(cases, bad_image);
    tcase_add_test(cases, other_checkpoint);
    tcase_add_test(cases, weights_stay);
    return suite_run();
}
