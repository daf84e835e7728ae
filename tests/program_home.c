#include "tests/program_home.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/command_line.h"

struct tiny program_data;
char program_home[64];

void program_home_write(const char *name, const char *text)
{
    char path[200];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", program_home, name);
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
}

static const char config[] = "data: {batch: 8}\n"
                             "augment: [{resize_short: 24}, {random_crop: 20}, hflip, normalize]\n"
                             "model: {name: small, input: [3, 20, 20], classes: 2, layers: [{conv: "
                             "{name: c, out: 4, kernel: "
                             "3}},\n"
                             "  relu, global_avgpool, {linear: {name: linear, out: 2}}]}\n"
                             "train: {epochs: 2, lr: 0.05}\n";

void program_home_enter(void)
{
    tiny_make(&program_data, &(struct tiny_shape){ 2, 24, 32, 28, 1 });
    snprintf(program_home, sizeof(program_home), "/tmp/tenfold-programs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(program_home));
    program_home_write("good.yaml", config);
    program_home_write("typo.yaml", "data: {bacth: 8}\n");
    program_home_write("section.yaml", "agument: []\n");
    program_home_write("broken.yaml", "data: {batch: 8\naugment: [\n");
    program_home_write("lfs.safetensors",
                       "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    program_home_write("model.pt",
                       "PK\003\004 a zip, as torch.save writes it, with some bytes behind it");
    program_home_write("text.txt", "text");
    program_home_write("three.csv", "index,name\n0,a\n1,b\n2,c\n");
}

void program_home_leave(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", program_home);
    ck_assert_int_eq(system(command), 0);
    tiny_remove(&program_data);
}

int program_home_run(const char *line, char *out, size_t size)
{
    const struct command_line_mark marks[] = {
        { '@', command_line_bin() }, { '%', program_home }, { '#', program_data.root }, { 0 }
    };
    return command_line_run(line, marks, out, size);
}

void program_home_must(const char *line, const char *says, char *out, size_t size)
{
    int status = program_home_run(line, out, size);
    ck_assert_msg(status == 0 && strstr(out, says), "%s: status %d: %s", line, status, out);
}
