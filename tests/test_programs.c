/*
 * Claim: the programs say in one line what is wrong with what they are given, with the exit status
 * of its kind, write nothing when they refuse, and answer --help.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "augment/augmentation.h"
#include "base/file.h"
#include "base/json.h"
#include "tests/program_home.h"
#include "tests/suite.h"

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
    int status = program_home_run(mistakes[_i].line, out, sizeof(out));
    snprintf(says, sizeof(says), "%s%s", mistakes[_i].says[0] == '%' ? program_home : "",
             mistakes[_i].says + (mistakes[_i].says[0] == '%'));
    ck_assert_msg(status == mistakes[_i].status, "%s: status %d: %s", mistakes[_i].line, status,
                  out);
    ck_assert_msg(strstr(out, says) != NULL, "%s: %s", mistakes[_i].line, out);
    char *end = strchr(out, '\n');
    ck_assert_msg(end && end[1] == '\0', "%s: more than a line: %s", mistakes[_i].line, out);
    char run_folder[100];
    snprintf(run_folder, sizeof(run_folder), "%s/run", program_home);
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
        ck_assert_msg(program_home_run(line, out, sizeof(out)) == 0, "%s", out);
        ck_assert_msg(strstr(out, commands[i]) != NULL, "%s: %s", line, out);
    }
    ck_assert_int_eq(program_home_run("@/nndata ops", out, sizeof(out)), 0);
    for (size_t i = 0; augmentations[i]; i++) {
        ck_assert_ptr_nonnull(strstr(out, augmentations[i]->name));
        for (const struct param *row = augmentations[i]->params; row->name; row++)
            ck_assert_ptr_nonnull(strstr(out, row->name));
    }
    ck_assert(strstr(out, "mixup: ") && strstr(out, "cutmix: ") && strstr(out, "switch_prob"));
    ck_assert_int_eq(program_home_run("@/nndata ops --json", out, sizeof(out)), 0);
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

int main(void)
{
    TCase *cases = suite_cases("programs");
    tcase_add_checked_fixture(cases, program_home_enter, program_home_leave);
    tcase_add_loop_test(cases, one_line, 0, sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(cases, help);
    return suite_run();
}
