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
#include "loader/pipeline.h"

int command_batches(int argc, char **argv, struct error *err);
int command_bench(int argc, char **argv, struct error *err);
int command_index(int argc, char **argv, struct error *err);
int command_verify(int argc, char **argv, struct error *err);
int command_pack(int argc, char **argv, struct error *err);
int command_synth(int argc, char **argv, struct error *err);
int command_show(int argc, char **argv, struct error *err);
int command_stats(int argc, char **argv, struct error *err);
int command_ops(int argc, char **argv, struct error *err);

/* What most commands begin with. */
struct command_input {
    struct config *config; /* owned, as the next */
    struct pipeline pipeline;
};

/* Open the config that the first positional names, with the --set assignments made, and what it
 * says about data; `images` as in pipeline_open. `more` is one further assignment, or NULL. */
int command_open(struct command_input *input, const struct option_values *given, const char *images,
                 const char *more, struct error *err);
/* Say on standard error why an index file that was found was not used. */
void command_note(const struct index *index);

/* --stats: begin when the stream is open, tick after each batch, end before it is closed. */
struct command_timing {
    const struct stream *stream; /* borrowed */
    bool on;
    struct stats_sum first, last;
};
void command_timing_begin(struct command_timing *stats, const struct stream *stream, bool on);
/* Once a second: print where the time went since the last line. */
void command_timing_tick(struct command_timing *stats);
/* What happened since the beginning; printed if `on`. */
struct stats_report command_timing_end(struct command_timing *stats);

void command_close(struct command_input *input);

#endif
