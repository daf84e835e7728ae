/*
 * What a config says about data, opened: index, recipe and mixing with the stream's options. What
 * every program that reads batches begins with.
 *
 *     struct pipeline p;
 *     if (pipeline_open(&p, config, NULL, &err) < 0) ...       // NULL: data.train of the config
 *     stream_open(&stream, p.index, p.recipe, p.mix, &p.data.stream, &err);
 *     pipeline_close(&p);
 */
#ifndef TENFOLD_LOADER_PIPELINE_H
#define TENFOLD_LOADER_PIPELINE_H

#include "loader/stream.h"

struct pipeline {
    struct data_config data; /* borrows from the config */
    struct index *index;     /* owned, as the two below */
    struct recipe *recipe;
    struct mix *mix; /* NULL: none */
};

/* `images` names the data in place of the config's data.train. ERROR_USAGE when neither does, or
 * when a section is wrong. `p` need not be filled before. */
int pipeline_open(struct pipeline *p, const struct config *config, const char *images,
                  struct error *err);
void pipeline_close(struct pipeline *p);

#endif
