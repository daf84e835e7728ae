/* nneval: how good networks are, from images to a report. Each command is a file; without a command
 * all is done in one go. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "eval/command.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv, struct error *err);
} commands[] = {
    { "predict", "write what models say about a data set, or a shard of it, into files",
      command_predict },
    { "merge", "join the files of shards, and prove that every sample is there exactly once",
      command_merge },
    { "views", "print what each test-time view and scale is worth", command_views },
    { "missing", "print the shards that are not done yet, for resubmission", command_missing },
    { "score", "metrics with intervals, ensembles and paired tests from prediction files",
      command_score },
    { "compare", "paired tests between two predictors on the same samples", command_compare },
    { "soup", "average the weights of several networks into one network", command_soup },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int help(struct error *err)
{
    char *options[] = { "nneval", "--help", NULL };
    if (command_evaluate(2, options, err) < 0)
        return -1;
    printf("\nThe same in steps, for many machines and for predictions made elsewhere:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  nneval %-8s %s\n", commands[i].name, commands[i].summary);
    printf("\n`nneval COMMAND --help` says more.\n");
    return 0;
}

static int unknown(const char *name, struct error *err)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *nearest = param_nearest(name, names, COMMANDS);
    return error_set(err, ERROR_USAGE, name, "is no command of nneval%s%s%s",
                     nearest ? "; did you mean " : "; `nneval --help` lists them",
                     nearest ? nearest : "", nearest ? "?" : "");
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    int rc = -1;
    const char *name = argc > 1 ? argv[1] : "";
    size_t i = 0;
    while (i < COMMANDS && strcmp(name, commands[i].name) != 0)
        i++;
    if (i < COMMANDS)
        rc = commands[i].run(argc - 1, argv + 1, &err);
    else if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        rc = help(&err);
    else if (name[0] && name[0] != '-')
        unknown(name, &err);
    else
        rc = command_evaluate(argc, argv, &err);
    if (rc >= 0)
        rc = file_check_printed(&err);
    if (rc == 0)
        return 0;
    error_print(&err, "nneval");
    return error_status(&err);
}
