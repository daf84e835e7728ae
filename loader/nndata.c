/* nndata: everything that is done to data sets; one subcommand a file. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "loader/command.h"

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv, struct error *err);
} commands[] = {
    { "batches", "print a line per batch: step, checksum of its ids, checksum of its content",
      command_batches },
    { "bench", "images per second of a recipe on a data set", command_bench },
    { "index", "scan a data set once, so that programs open it at once", command_index },
    { "show", "write a contact sheet of what a recipe does", command_show },
    { "ops", "list every augmentation with its parameters", command_ops },
    { "stats", "compute mean, covariance, mean image, whitening, classes and sizes",
      command_stats },
    { "synth", "generate a data set of pictures like photographs", command_synth },
    { "pack", "make WebDataset shards whose JPEGs can be decoded in part", command_pack },
    { "verify", "decode every image and name those that are broken", command_verify },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int help(void)
{
    printf("Usage: nndata COMMAND [options]\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    printf("\n`nndata COMMAND --help` says more. Exit status: 0 done, 1 failed, 2 wrong usage or "
           "config,\n3 data refused, 130 interrupted.\n");
    return 0;
}

static int version(void)
{
    printf("tenfold %s\n", TENFOLD_VERSION);
    return 0;
}

static int unknown(const char *name, struct error *err)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    const char *nearest = param_nearest(name, names, COMMANDS);
    return error_set(err, ERROR_USAGE, name, "is no command of nndata%s%s%s",
                     nearest ? "; did you mean " : "; `nndata --help` lists them",
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
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        rc = help();
    else if (!strcmp(name, "--version"))
        rc = version();
    else if (i < COMMANDS)
        rc = commands[i].run(argc - 1, argv + 1, &err);
    else if (argc < 2)
        error_set(&err, ERROR_USAGE, NULL, "no command was given; `nndata --help` lists them");
    else
        unknown(name, &err);
    if (rc == 0)
        rc = file_check_printed(&err);
    if (rc == 0)
        return 0;
    error_print(&err, "nndata");
    return error_status(&err);
}
