#include "loader/command.h"

#include <stdio.h>

void command_note(const struct index *index)
{
    if (index_note(index))
        fprintf(stderr, "nndata: the data set was scanned: %s\n", index_note(index));
}

int command_open(struct command_input *input, const struct option_values *given, const char *images,
                 const char *more, struct error *err)
{
    struct config *config;
    if (config_open(&config, given->positional[0], err) < 0)
        return -1;
    int rc = 0;
    for (int i = 0; i < given->set_count && rc == 0; i++)
        rc = config_set(config, given->set[i], err);
    if (rc == 0 && more)
        rc = config_set(config, more, err);
    if (rc == 0)
        rc = pipeline_open(&input->pipeline, config, images, err);
    input->config = config;
    if (rc < 0)
        config_close(config);
    else
        command_note(input->pipeline.index);
    return rc;
}

void command_close(struct command_input *input)
{
    pipeline_close(&input->pipeline);
    config_close(input->config);
}
