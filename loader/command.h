/*
 * The subcommands of nndata. Each is one file, command_<name>.c, that reads its own options and
 * does its work; nndata.c lists them.
 *
 * A command gets argv with its own name first. It returns 0 when it is done, or -1 with `err`
 * filled. Results go to standard output.
 */
#ifndef TENFOLD_LOADER_COMMAND_H
#define TENFOLD_LOADER_COMMAND_H

#include "base/option.h"

int command_batches(int argc, char **argv, struct error *err);
int command_bench(int argc, char **argv, struct error *err);
int command_verify(int argc, char **argv, struct error *err);
int command_synth(int argc, char **argv, struct error *err);
int command_show(int argc, char **argv, struct error *err);
int command_ops(int argc, char **argv, struct error *err);

/* The config that the first positional names, with the --set assignments made. */
int command_config(const struct option_values *given, struct config **config, struct error *err);

#endif
