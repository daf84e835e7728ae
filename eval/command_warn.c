#include "eval/command.h"

enum { SHOWN = 5 };

void command_warn(void *context, const char *place, const char *text)
{
    int *count = context;
    if (++*count <= SHOWN)
        error_warn("nneval", place, "%s", text);
}

void command_warned(int count)
{
    if (count > SHOWN)
        error_warn("nneval", "", "and %d more images decoded with warnings", count - SHOWN);
}
