/*
 * Claim: the programs say in one line what is wrong with what they are given, with the exit status
 * of its kind, write nothing when they refuse, and answer --help; and the main job runs through
 * them, from files to an ensemble's accuracy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "augment/augmentation.h"
#include "base/file.h"
#include "base/json.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static struct tiny tiny;
static char home[64];
static const char *bin;

static void write_text(const char *name, const char *text)
{
    char path[200];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", home, name);
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
}

static const char config[] = "data: {batch: 8}\n"
                             "augment: [{resize_short: 24}, {random_crop: 20}, hflip, normalize]\n"
                             "model: {name: small, input: [3, 20, 20], classes: 2, layers: [{conv: "
                             "{name: c, out: 4, kernel: "
                             "3}},\n"
                             "  relu, global_avgpool, {linear: {name: linear, out: 2}}]}\n"
                             "train: {epochs: 2, lr: 0.05}\n";

static void setup(void)
{
    bin = getenv("TENFOLD_BIN");
    bin = bin ? bin : "bin";
    tiny_make(&tiny, &(struct tiny_shape){ 2, 24, 32, 28, 1 });
    snprintf(home, sizeof(home), "/tmp/tenfold-programs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(home));
    write_text("good.yaml", config);
    write_text("typo.yaml", "data: {bacth: 8}\n");
    write_text("section.yaml", "agument: []\n");
    write_text("broken.yaml", "data: {batch: 8\naugment: [\n");
    write_text("lfs.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    write_text("model.pt", "PK\003\004 a zip, as torch.save writes it, with some bytes behind it");
    write_text("text.txt", "text");
    write_text("three.csv", "index,name\n0,a\n1,b\n2,c\n");
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", home);
    ck_assert_int_eq(system(command), 0);
    tiny_remove(&tiny);
}

/* Run `line` with @ for the programs' folder, % for the test's own and # for the data; `out` gets
 * standard output, then standard error. Returns the exit status. */
static int run(const char *line, char *out, size_t size)
{
    char command[2000];
    size_t n = (size_t)snprintf(command, sizeof(command), "{ ");
    for (const char *p = line; *p && n + 80 < sizeof(command); p++) {
        const char *text = *p == '@' ? bin : *p == '%' ? home : *p == '#' ? tiny.root : NULL;
        if (text)
            n += (size_t)snprintf(command + n, sizeof(command) - n, "%s", text);
        else
            command[n++] = *p;
    }
    snprintf(command + n, sizeof(command) - n, "; } 2>&1");
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t got = fread(out, 1, size - 1, pipe);
    out[got] = '\0';
    char rest[4096];
    while (fread(rest, 1, sizeof(rest), pipe) > 0)
        ;
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "%s: ended by a signal: %s", line, out);
    return WEXITSTATUS(status);
}

static void must_run(const char *line, const char *says, char *out, size_t size)
{
    int status = run(line, out, size);
    ck_assert_msg(status == 0 && strstr(out, says), "%s: status %d: %s", line, status, out);
}

static const struct {
    const char *line;
    int status;
    const char *says;
} mistakes[] = {
    { "@/nndata", 2, "no command" },
    { "@/nndata bathces", 2, "did you mean batches?" },
    { "@/nndata batches", 2, "CONFIG" },
    { "@/nndata batches %/good.yaml", 2, "data.train" },
    { "@/nndata batches %/good.yaml --data %/nowhere", 3, "%/nowhere" },
    { "@/nndata batches %/nowhere.yaml --data #", 2, "%/nowhere.yaml" },
    { "@/nndata batches %/typo.yaml --data #", 2, "typo.yaml:1: " },
    { "@/nndata batches %/typo.yaml --data #", 2, "batch" },
    { "@/nndata batches %/good.yaml --data # --set data=8", 2, "data must be a map" },
    { "@/nntrain %/good.yaml --data # --out %/run --set train=[8]", 2, "train must be a map" },
    { "@/nndata batches %/section.yaml --data #", 2, "augment" },
    { "@/nndata batches %/broken.yaml --data #", 2, "broken.yaml" },
    { "@/nndata batches %/good.yaml --data # --rank 2 --world 2", 2, "rank is 2" },
    { "@/nndata batches %/good.yaml --data # --world 3", 2, "evenly" },
    { "@/nndata batches %/good.yaml --data # --thraeds 3", 2, "threads" },
    { "@/nndata batches %/good.yaml --data # --threads x", 2, "--threads" },
    { "@/nndata batches %/good.yaml --data # --set data.batch=900", 2, "larger than" },
    { "@/nndata batches %/good.yaml --data %/text.txt", 3, "text.txt: is no tar archive" },
    { "@/nndata show %/good.yaml --data #", 2, "out" },
    { "@/nndata show %/good.yaml --data # --out %/no/such.png", 2, "there is no folder" },
    { "@/nndata show %/good.yaml --data # --out %", 2, "is a folder" },
    { "@/nndata bench %/good.yaml --data # --json %/no/b.json", 2, "no/b.json: cannot be" },
    { "mkfifo %/f; @/nndata bench %/good.yaml --data # --json %/f", 2, "would be replaced" },
    { "@/nndata synth # --train 10", 2, "not empty" },
    { "@/nndata verify %/nowhere", 3, "nowhere" },
    { "mkdir -p %/deep/a; ln -s . %/deep/a/b; @/nndata verify %/deep", 3, "deep: folders are" },
    { "mkfifo %/pipe; @/nndata verify %/pipe", 3, "pipe: is neither a folder nor a tar" },
    { "@/nndata pack #", 2, "an argument is missing" },
    { "@/nndata pack %/nowhere %/run", 3, "nowhere" },
    { "@/nndata pack # %/run --max-short 100", 2, "--max-short 100 with --quality 0" },
    { "@/nndata pack # %/run --quality 90", 2, "both must be given" },
    { "@/nndata pack # %/run --quality 101 --max-short 9", 2, "--quality is 101" },
    { "@/nndata pack # %/run --shard 2/2", 2, "--shard is '2/2'" },
    { "@/nndata pack # %/run --shard 1", 2, "must be I/N" },
    { "@/nndata pack # %/run --shard-size 0", 2, "--shard-size is 0" },
    { "@/nndata pack # %/run --restart=-1", 2, "--restart is -1" },
    { "@/nndata pack # %/run --on-error ignore", 2, "keep, skip, fail" },
    { "@/nndata pack # %/run --prefix a/b", 2, "--prefix" },
    { "@/nndata pack # %/run --report %/no/such.jsonl", 2, "no/such.jsonl" },
    { "@/nndata pack # #/a/run", 2, "lies in the folder" },
    { "@/nndata pack # %/text.txt", 3, "text.txt" },
    { "@/nndata index %/nowhere", 3, "nowhere" },
    { "@/nndata index # --check", 3, "has no index" },
    { "@/nndata index # --out %/no/such.index", 2, "no/such.index" },
    { "@/nndata batches %/good.yaml --data # --set data.cache=pixel", 2, "pixels" },
    { "@/nndata batches %/good.yaml --data # --set data.cache_memory=-1", 2, "cache_memory" },
    { "@/nntrain", 2, "CONFIG" },
    { "@/nntune", 2, "argument is missing" },
    { "@/nntune %/good.yaml dance", 2, "init, overfit" },
    { "@/nntune %/good.yaml --data # --val #", 2, "--out" },
    { "@/nntune %/good.yaml --data # --out %/run", 2, "tune.folds" },
    { "@/nntune %/good.yaml init --data # --set tune.lr_step=9", 2, "lr_steps" },
    { "@/nntune %/good.yaml --data # --val # --out %/run --budget soon", 2, "1h30m" },
    { "@/nntune %/good.yaml --data # --val # --out %/run --set tune.space.train.lrr=[1]", 2, "lr" },
    { "@/nntune curves %/nowhere", 3, "nowhere" },
    { "@/nntune curves %", 3, "there is no run folder" },
    { "@/nntune %/good.yaml init overfit", 2, "at most one of init, overfit" },
    { "@/nntrain %/good.yaml --data #", 2, "--out" },
    { "@/nntrain %/good.yaml --data # --out %/run --set train.lr=fast", 2, "train.lr" },
    { "@/nntrain %/good.yaml --data # --out %/run --set augment.1=[]", 2, "augment" },
    { "@/nntrain %/good.yaml --data # --out %/run --set model.classes=1", 2, "classes is 1" },
    { "@/nntrain %/good.yaml --data # --val %/nowhere --out %/run", 3, "nowhere" },
    { "@/nneval --data #", 2, "--model" },
    { "@/nneval --model %/a.safetensors", 2, "--data" },
    { "@/nneval --data # --model %/a.safetensors", 3, "a.safetensors" },
    { "@/nneval --data # --model %/lfs.safetensors", 3, "LFS" },
    { "@/nneval --data # --model %/model.pt", 3, "PyTorch" },
    { "@/nneval --data # --model %/text.txt", 3, "text.txt" },
    { "@/nneval --data # --model %/x --json %/no/j.json", 2, "no/j.json: cannot be created" },
    { "@/nneval --data # --model %/x --report %/no/r.html", 2, "no/r.html: cannot be created" },
    { "@/nneval score %/x --csv %/no/s.csv", 2, "no/s.csv: cannot be created" },
    { "@/nneval compare %/x %/x --report %/no/r.html", 2, "no/r.html: cannot be created" },
    { "@/nneval --data # --model %/x --probs %/text.txt", 2, "text.txt: is no folder" },
    { "@/nneval --data # --model %/x --set data.batch=8", 2, "reads no config" },
    { "@/nndata verify # --set data.batch=8", 2, "reads no config" },
    { "@/nndata verify # --sets", 2, "unknown option '--sets'; nndata verify --help" },
    { "@/nndata verify ''", 2, "is empty" },
    { "@/nndata batches %/good.yaml --data ''", 2, "--data is empty" },
    { "@/nneval --data # --model %/x --views 10corp", 2, "10crop" },
    { "@/nneval predcit", 2, "did you mean predict?" },
    { "@/nneval predict --data # --model %/x", 2, "--out" },
    { "@/nneval predict --data # --model %/x --out %/run --shard 4/4", 2, "I in 0..N-1" },
    { "env -u SLURM_ARRAY_TASK_ID @/nneval predict --data # --model %/x --out %/run --shard slurm",
      2, "SLURM_ARRAY_TASK_ID" },
    { "@/nneval predict --data # --model %/x --out %/run --views scales=100", 2, "224 or more" },
    { "@/nneval predict --data # --model %/x --out %/run --views scales=256,256", 2, "twice" },
    { "@/nneval predict --data # --model %/x --out %/run --views 'crops=dense,center'", 2,
      "whole image" },
    { "@/nneval predict --data # --model %/x --out %/run --views 'crops=middle'", 2, "'middle'" },
    { "@/nneval merge %/nowhere", 3, "nowhere: does not exist" },
    { "@/nneval merge %/text.txt", 2, "--out FILE" },
    { "@/nneval merge %", 3, "no predict.json" },
    { "@/nneval merge %/text.txt --out %/x", 3, "text.txt: no safetensors file" },
    { "@/nneval missing %", 3, "no predict.json" },
    { "@/nnboard", 2, "RUNS" },
    { "@/nnboard %", 2, "--live PORT serves it" },
    { "@/nnboard % --csv %/runs.csv", 3, "there is no run folder" },
    { "@/nnboard % --live 99999", 2, "the port must be 0..65535" },
    { "@/nnboard % --csv %/a.csv --live 0", 2, "serves and writes nothing" },
    { "@/nnboard %/nowhere --csv %/a.csv", 3, "nowhere: is no folder" },
    { "@/nnboard % --csv %/no/a.csv", 2, "no/a.csv: cannot be created" },
};

START_TEST(one_line)
{
    char out[8000], says[300];
    int status = run(mistakes[_i].line, out, sizeof(out));
    snprintf(says, sizeof(says), "%s%s", mistakes[_i].says[0] == '%' ? home : "",
             mistakes[_i].says + (mistakes[_i].says[0] == '%'));
    ck_assert_msg(status == mistakes[_i].status, "%s: status %d: %s", mistakes[_i].line, status,
                  out);
    ck_assert_msg(strstr(out, says) != NULL, "%s: %s", mistakes[_i].line, out);
    char *end = strchr(out, '\n');
    ck_assert_msg(end && end[1] == '\0', "%s: more than a line: %s", mistakes[_i].line, out);
    char run_folder[100];
    snprintf(run_folder, sizeof(run_folder), "%s/run", home);
    ck_assert(!file_exists(run_folder));
}
END_TEST

START_TEST(help)
{
    static const char *const commands[] = {
        "nndata",         "nndata batches", "nndata bench",   "nndata show",
        "nndata synth",   "nndata verify",  "nndata ops",     "nndata pack",
        "nndata index",   "nntrain",        "nntune",         "nneval",
        "nneval predict", "nneval merge",   "nneval missing", "nnboard",
    };
    static char out[200000];
    char line[100];
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        snprintf(line, sizeof(line), "@/%s --help", commands[i]);
        ck_assert_msg(run(line, out, sizeof(out)) == 0, "%s", out);
        ck_assert_msg(strstr(out, commands[i]) != NULL, "%s: %s", line, out);
    }
    ck_assert_int_eq(run("@/nndata ops", out, sizeof(out)), 0);
    for (size_t i = 0; augmentations[i]; i++) {
        ck_assert_ptr_nonnull(strstr(out, augmentations[i]->name));
        for (const struct param *row = augmentations[i]->params; row->name; row++)
            ck_assert_ptr_nonnull(strstr(out, row->name));
    }
    ck_assert(strstr(out, "mixup: ") && strstr(out, "cutmix: ") && strstr(out, "switch_prob"));
    ck_assert_int_eq(run("@/nndata ops --json", out, sizeof(out)), 0);
    struct error err = { 0 };
    json_t *ops = json_parse(out, strlen(out), "ops", &err);
    ck_assert_msg(ops != NULL, "%s", err.message);
    ck_assert_uint_ge(json_array_size(ops), 43);
    size_t i;
    json_t *op;
    json_array_foreach(ops, i, op)
    {
        const json_t *p = json_object_get(json_object_get(op, "defaults"), "p");
        const char *name = json_string_value(json_object_get(op, "name"));
        const struct augmentation *a = augmentation_find(name);
        ck_assert_msg((p != NULL) == (!a || a->kind != AUGMENT_OUTPUT), "%s", name);
    }
    json_decref(ops);
}
END_TEST

static json_t *read_json(const char *name)
{
    char path[200];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", home, name);
    json_t *json = json_read(path, &err);
    ck_assert_msg(json != NULL, "%s", err.message);
    return json;
}

START_TEST(main_job)
{
    char out[16000];
    ck_assert_msg(run("@/nndata batches %/good.yaml --data # --count 3", out, sizeof(out)) == 0,
                  "%s", out);
    ck_assert_msg(run("@/nndata bench %/good.yaml --data # --seconds 0.2 --json %/bench.json", out,
                      sizeof(out)) == 0,
                  "%s", out);
    json_t *bench = read_json("bench.json");
    ck_assert_double_gt(json_number_value(json_object_get(bench, "images_per_second")), 0);
    double seconds = json_number_value(json_object_get(bench, "seconds"));
    double counted = json_number_value(json_object_get(json_object_get(bench, "stats"), "seconds"));
    ck_assert_double_eq_tol(counted, seconds, 1); /* the counters are those of the same time */
    json_decref(bench);
    for (int seed = 1; seed <= 2; seed++) {
        char line[200];
        snprintf(line, sizeof(line),
                 "@/nntrain %%/good.yaml --data # --val # --out %%/net%d --seed %d", seed, seed);
        ck_assert_msg(run(line, out, sizeof(out)) == 0, "%s", out);
        ck_assert_msg(strstr(out, "best: epoch") != NULL, "%s", out);
    }
    ck_assert_msg(run("@/nneval --data # --model %/net1/best.safetensors --model "
                      "%/net2/best.safetensors --views hflip --json %/eval.json --csv "
                      "%/eval.csv --report %/eval.html --probs %/probs",
                      out, sizeof(out)) == 0,
                  "%s", out);
    ck_assert_msg(strstr(out, "ensemble of 2") != NULL, "%s", out);
    json_t *eval = read_json("eval.json");
    ck_assert_int_eq(json_integer_value(json_object_get(eval, "n")), 24);
    const json_t *predictors = json_object_get(eval, "predictors");
    ck_assert_uint_eq(json_array_size(predictors), 3); /* two networks and their mean */
    for (size_t i = 0; i < 3; i++) {
        const json_t *p = json_array_get(predictors, i);
        ck_assert(json_is_string(json_object_get(p, "name")));
        ck_assert(json_is_integer(json_object_get(p, "correct")));
        ck_assert(json_is_number(json_object_get(json_object_get(p, "top1"), "low")));
        ck_assert(i == 2 ? json_is_integer(json_object_get(p, "ensemble"))
                         : json_is_null(json_object_get(p, "ensemble")));
    }
    /* Scored from its files, an evaluation has the same numbers. */
    must_run("@/nneval score %/probs/net1-best.safetensors %/probs/net2-best.safetensors --data # "
             "--json %/score.json --report %/score.html && grep -q 'data:image/png' %/score.html "
             "&& grep -q 'data:image/png' %/eval.html && grep -q ^model,img_size,top1, %/eval.csv",
             "ensemble of 2", out, sizeof(out));
    json_t *score = read_json("score.json");
    for (size_t i = 0; i < 3; i++) {
        static const char *const keys[] = { "correct", "top1", "topk",      "calibration", "scaled",
                                            "f1",      "aurc", "confusion", "parameters" };
        const json_t *a = json_array_get(predictors, i),
                     *b = json_array_get(json_object_get(score, "predictors"), i);
        for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
            ck_assert_msg(json_equal(json_object_get(a, keys[k]), json_object_get(b, keys[k])),
                          "%s of %zu", keys[k], i);
    }
    ck_assert(json_equal(json_object_get(eval, "pairs"), json_object_get(score, "pairs")));
    json_decref(score);
    json_decref(eval);
    /* The network of one file, the weights of another: names that do not fit are listed. */
    write_text("other.yaml",
               "name: other\ninput: [3, 20, 20]\nclasses: 2\nlayers: [{conv: {name: d, "
               "out: 4, kernel: 3}}, global_avgpool, {linear: {name: linear, out: "
               "2}}]\n");
    int status =
        run("@/nneval --data # --model %/other.yaml=%/net1/best.safetensors", out, sizeof(out));
    ck_assert_int_eq(status, 3);
    ck_assert_msg(strstr(out, "d.weight") && strstr(out, "c.weight"), "%s", out);
    ck_assert_int_eq(run("@/nneval --data # --model %/net1/best.safetensors --classes %/three.csv",
                         out, sizeof(out)),
                     3);
    ck_assert_msg(strstr(out, "three.csv: numbers 3 classes") != NULL, "%s", out);
    /* A class file may name some of the classes only. */
    ck_assert_int_eq(
        run("mkdir %/one; cp -r #/a %/one; printf '0,a\\n' > %/one.csv; @/nneval --data "
            "%/one --model %/net1/best.safetensors --classes %/one.csv",
            out, sizeof(out)),
        0);
}
END_TEST

/* Results that cannot be printed are no success. */
START_TEST(full_output)
{
    static const char *const lines[] = {
        "@/nndata --help",
        "@/nndata --version",
        "@/nndata show --help",
        "@/nndata ops",
        "@/nndata ops --json",
        "@/nndata verify # --all",
        "@/nndata batches %/good.yaml --data #",
        "@/nndata bench %/good.yaml --data # --seconds 0.1",
        "@/nntrain %/good.yaml --data # --out %/full --overwrite",
        "@/nneval --help",
    };
    char line[300], out[4000];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(line, sizeof(line), "%s >/dev/full", lines[i]);
        ck_assert_msg(run(line, out, sizeof(out)) == 1, "%s", line);
        ck_assert_msg(strstr(out, "standard output: cannot") != NULL, "%s: %s", line, out);
    }
}
END_TEST

/* A name may hold anything: one line, and nothing that a terminal obeys. */
START_TEST(hostile_name)
{
    char out[4000];
    ck_assert_int_eq(run("printf x > \"$(printf '#/a/x\\ny\\033[31m.png')\"; @/nndata verify # "
                         "2>/dev/null",
                         out, sizeof(out)),
                     3);
    ck_assert_msg(strstr(out, "x?y?[31m.png: is no image") != NULL, "%s", out);
}
END_TEST

/* Names are bytes, and need not be UTF-8, wherever they are written. */
START_TEST(latin_name)
{
    static const char *const lines[] = {
        "N=$(printf '%/caf\\351'); mkdir $N; cp -r # $N/d; cp %/good.yaml $N",
        "N=$(printf '%/caf\\351'); @/nntrain $N/good.yaml --data $N/d --val $N/d --out $N/run",
        ("N=$(printf '%/caf\\351'); @/nneval --data $N/d --model $N/run/best.safetensors --json "
         "$N/e.json --probs $N/p"),
        "N=$(printf '%/caf\\351'); @/nndata bench $N/good.yaml --data $N/d --seconds 0.1 --json "
        "$N/b.json",
        "N=$(printf '%/caf\\351'); grep -q caf $N/e.json && grep -q caf $N/b.json && "
        "grep -q '\"train\": \".*caf' $N/run/config.json && test -e $N/p/best.safetensors",
    };
    char out[8000];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ck_assert_msg(run(lines[i], out, sizeof(out)) == 0, "%s: %s", lines[i], out);
}
END_TEST

/* A broken image: in the ledger and the account while training, the end of an evaluation. */
START_TEST(broken_image)
{
    char out[16000];
    tiny_break(&tiny, 5);
    ck_assert_int_eq(run("@/nndata batches %/good.yaml --data # --set data.max_bad=0.1 --set "
                         "data.ledger=%/ledger.jsonl --set data.last=keep",
                         out, sizeof(out)),
                     0);
    ck_assert_msg(strstr(out, "1 substituted") != NULL, "%s", out);
    char path[200];
    struct buffer text = { 0 };
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/ledger.jsonl", home);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &text, &err), 0);
    ck_assert_msg(strstr(text.data, "b/005") && strstr(text.data, "substituted"), "%s", text.data);
    buffer_release(&text);
    ck_assert_int_eq(run("@/nndata batches %/good.yaml --data # --set data.on_error=fail --set "
                         "data.last=keep",
                         out, sizeof(out)),
                     3);
    ck_assert_msg(strstr(out, "b/005.png") != NULL, "%s", out);
    ck_assert_int_eq(run("@/nndata verify #", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "refused") && strstr(out, "b/005.png"), "%s", out);
    ck_assert_int_eq(run("mkfifo #/a/pipe.png; @/nndata verify #", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "a/pipe.png: is no ordinary file") != NULL, "%s", out);
}
END_TEST

/* A contact sheet is drawn without the pictures that cannot be: they are named, and status is 3. */
START_TEST(sheet_of_bad_images)
{
    char out[16000], path[200];
    const char *show = "@/nndata show %/good.yaml --data # --samples 24 --versions 1 --out %/s.png";
    ck_assert_int_eq(run(show, out, sizeof(out)), 0);
    tiny_break(&tiny, 5);
    tiny_break(&tiny, 6);
    ck_assert_int_eq(run("rm %/s.png", out, sizeof(out)), 0);
    ck_assert_int_eq(run(show, out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "b/005.png: ") && strstr(out, "a/006.png: "), "%s", out);
    snprintf(path, sizeof(path), "%s/s.png", home);
    ck_assert(file_exists(path));
    ck_assert_int_eq(
        run("@/nndata show %/good.yaml --data # --sample b/005 --out %/x.png", out, sizeof(out)),
        3);
    ck_assert_msg(strstr(out, "b/005.png: ") != NULL, "%s", out);
    /* Too small for the crop: the fault of the image, as the config works for others. */
    const char *crop = " --set 'augment=[{random_crop: 29}]'";
    char line[300];
    snprintf(line, sizeof(line),
             "@/nndata batches %%/good.yaml --data # --set "
             "data.on_error=fail%s",
             crop);
    ck_assert_int_eq(run(line, out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "does not fit") != NULL, "%s", out);
}
END_TEST

/* From a survey to an accuracy, by AlexNet's preprocessing and by whitening. */
START_TEST(surveyed)
{
    static const char *const recipes[] = {
        "[{resize_short: 24}, {center_crop: 24}, {subtract_mean_image: {file: "
        "%/st/stats.safetensors}}, {random_crop: 20}, hflip, pca_color]",
        "[{resize_short: 24}, {center_crop: 24}, hflip, {whiten: {file: %/st/stats.safetensors}}]"
        "' --set 'model.input=[3, 24, 24]",
    };
    char line[800], out[16000];
    must_run("@/nndata stats # --size 24 --whiten zca --out %/st", "mean:", out, sizeof(out));
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof(line),
                 "@/nntrain %%/good.yaml --data # --val # --out %%/run%d --set "
                 "'augment=%s'",
                 i, recipes[i]);
        must_run(line, "best: epoch", out, sizeof(out));
        double best = atof(strstr(out, "validation top-1 ") + strlen("validation top-1 "));
        snprintf(line, sizeof(line),
                 "@/nneval --data # --model %%/run%d/best.safetensors --json "
                 "%%/eval.json",
                 i);
        must_run(line, "24 images in", out, sizeof(out));
        json_t *eval = read_json("eval.json");
        const json_t *model = json_array_get(json_object_get(eval, "predictors"), 0);
        const json_t *preprocess = json_object_get(model, "preprocess");
        const json_t *top1 = json_object_get(json_object_get(model, "top1"), "value");
        ck_assert_double_eq_tol(100 * json_number_value(top1), best, 0.005);
        ck_assert_str_eq(json_string_value(json_object_get(preprocess, "output")),
                         i ? "whiten" : "subtract_mean_image");
        json_decref(eval);
    }
}
END_TEST

/* Packed, a data set gives the very batches of its source. */
START_TEST(packed)
{
    char out[16000], batches[2][4000];
    for (int i = 0; i < 2; i++) { /* the second time everything is there */
        ck_assert_int_eq(run("@/nndata pack # %/packed --shard-size 0.02", out, sizeof(out)), 0);
        ck_assert_msg(strstr(out, "24 images in") && strstr(out, "24 PNG, as they were"), "%s",
                      out);
        ck_assert_msg((strstr(out, ", 0 made now") != NULL) == (i == 1), "%s", out);
        ck_assert_msg((strstr(out, "images/s") != NULL) == (i == 0), "%s", out);
    }
    ck_assert_int_eq(run("@/nndata verify %/packed", out, sizeof(out)), 0);
    ck_assert_msg(strstr(out, "24 CRCs compared"), "%s", out);
    ck_assert_int_eq(run("@/nndata batches %/good.yaml --data # --count 6", batches[0], 4000), 0);
    ck_assert_int_eq(
        run("@/nndata batches %/good.yaml --data %/packed --count 6", batches[1], 4000), 0);
    ck_assert_str_eq(batches[0], batches[1]);
    ck_assert_int_eq(run("@/nndata pack # %/packed", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "shard_size is 20000 there"), "%s", out);
    char path[200];
    snprintf(path, sizeof(path), "%s/packed/shard-000000.tar", home);
    FILE *tar = fopen(path, "r+b");
    ck_assert_ptr_nonnull(tar);
    ck_assert_int_eq(fseek(tar, 700, SEEK_SET), 0);
    ck_assert_int_eq(fputs("other bytes", tar) < 0, 0);
    ck_assert_int_eq(fclose(tar), 0);
    ck_assert_int_eq(run("@/nndata verify %/packed", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "the shard's index says"), "%s", out);
}
END_TEST

/* An index in the cache folder and one in a file: the same batches; what has changed is noticed. */
START_TEST(index_file)
{
    char scanned[4000], out[4000];
    must_run("@/nndata batches %/good.yaml --data # --count 2", "0 ", scanned, sizeof(scanned));
    must_run("XDG_CACHE_HOME=%/cache @/nndata index #", "24 samples, 2 classes", out, sizeof(out));
    must_run("XDG_CACHE_HOME=%/cache @/nndata index # --check", "is sound", out, sizeof(out));
    must_run("XDG_CACHE_HOME=%/cache @/nndata batches %/good.yaml --data # --count 2", "0 ", out,
             sizeof(out));
    ck_assert_str_eq(out, scanned);
    must_run("@/nndata index # --out %/data.index", "24 samples, 2 classes", out, sizeof(out));
    must_run("@/nndata batches %/good.yaml --data %/data.index --count 2", "0 ", out, sizeof(out));
    ck_assert_str_eq(out, scanned);
    tiny_break(&tiny, 5);
    must_run("@/nndata batches %/good.yaml --data %/data.index --set data.max_bad=0.1 --set "
             "data.ledger=%/ledger.jsonl --set data.last=keep && cat %/ledger.jsonl",
             "it has changed", out, sizeof(out));
    ck_assert_msg(strstr(out, "1 substituted") && strstr(out, "b/005.png"), "%s", out);
    char path[128];
    tiny_path(&tiny, 5, path);
    ck_assert_int_eq(unlink(path), 0);
    must_run("XDG_CACHE_HOME=%/cache @/nndata batches %/good.yaml --data # --count 1",
             "nndata: the data set was scanned: ", out, sizeof(out));
    ck_assert_int_eq(run("@/nndata batches %/good.yaml --data %/data.index", out, sizeof(out)), 3);
    ck_assert_msg(strstr(out, "has changed since the index was made") != NULL, "%s", out);
}
END_TEST

START_TEST(stats)
{
    char out[16000];
    must_run("@/nndata batches %/good.yaml --data # --stats", "in all: ", out, sizeof(out));
    must_run("@/nndata bench %/good.yaml --data # --seconds 2.5 --stats --json %/bench.json --set "
             "data.cache=pixels",
             "-bound", out, sizeof(out));
    ck_assert_msg(strstr(out, "1 s: ") && strstr(out, "2 s: "), "%s", out);
    ck_assert_msg(strstr(out, "100 % of the samples were cached"), "%s", out);
    json_t *bench = read_json("bench.json");
    const json_t *stats = json_object_get(bench, "stats");
    ck_assert_double_gt(json_number_value(json_object_get(stats, "cached")), 0.99);
    ck_assert(json_is_string(json_object_get(stats, "verdict")));
    json_decref(bench);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("programs");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, one_line, 0, sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(cases, help);
    tcase_add_test(cases, main_job);
    tcase_add_test(cases, full_output);
    tcase_add_test(cases, hostile_name);
    tcase_add_test(cases, latin_name);
    tcase_add_test(cases, broken_image);
    tcase_add_test(cases, sheet_of_bad_images);
    tcase_add_test(cases, surveyed);
    tcase_add_test(cases, packed);
    tcase_add_test(cases, index_file);
    tcase_add_test(cases, stats);
    return suite_run();
}
