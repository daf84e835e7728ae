#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Names come from hostile archives: nothing that a terminal would obey leaves here. Bytes above
 * ASCII stay (UTF-8). */
void error_make_printable(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 127)
            *c = '?';
}

static void fill(struct error *err, enum error_kind kind, const char *place, const char *format,
                 va_list arguments)
{
    err->kind = kind;
    snprintf(err->place, sizeof(err->place), "%s", place ? place : "");
    vsnprintf(err->message, sizeof(err->message), format, arguments);
    error_make_printable(err->place);
    error_make_printable(err->message);
}

int error_set(struct error *err, enum error_kind kind, const char *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, kind, place, format, arguments);
    va_end(arguments);
    return -1;
}

int error_errno(struct error *err, const char *place, const char *format, ...)
{
    int number = errno;
    bool theirs = number == ENOENT || number == ENOTDIR || number == EISDIR || number == EACCES ||
                  number == ELOOP || number == ENAMETOOLONG;
    va_list arguments;
    va_start(arguments, format);
    fill(err, theirs ? ERROR_DATA : ERROR_FAILED, place, format, arguments);
    va_end(arguments);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror(number));
    return -1;
}

void error_print(const struct error *err, const char *program)
{
    if (err->place[0])
        fprintf(stderr, "%s: %s: %s\n", program, err->place, err->message);
    else
        fprintf(stderr, "%s: %s\n", program, err->message);
}

void error_warn(const char *program, const char *place, const char *format, ...)
{
    struct error warning = { 0 };
    va_list arguments;
    va_start(arguments, format);
    fill(&warning, ERROR_NONE, place, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: warning: %s%s%s\n", program, warning.place, warning.place[0] ? ": " : "",
            warning.message);
}

int error_status(const struct error *err)
{
    return (int)err->kind;
}
