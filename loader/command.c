#include "loader/command.h"

int command_config(const struct option_values *given, struct config **result, struct error *err)
{
    struct config *config;
    if (config_open(&config, given->positional[0], err) < 0)
        return -1;
    for (int i = 0; i < given->set_count; i++)
        if (config_set(config, given->set[i], err) < 0) {
            config_close(config);
            return -1;
        }
    *result = config;
    return 0;
}
