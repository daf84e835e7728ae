#include "tests/command_line.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/buffer.h"

const char *command_line_bin(void)
{
    const char *bin = getenv("TENFOLD_BIN");
    return bin ? bin : "bin";
}

static const char *text_of(const struct command_line_mark *marks, char mark)
{
    while (marks->mark && marks->mark != mark)
        marks++;
    return marks->text;
}

int command_line_run(const char *line, const struct command_line_mark *marks, char *out,
                     size_t size)
{
    struct buffer command = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(buffer_print(&command, &err, "{ "), 0);
    for (const char *p = line; *p; p++) {
        const char *text = text_of(marks, *p);
        ck_assert_int_eq(text ? buffer_print(&command, &err, "%s", text)
                              : buffer_append(&command, p, 1, &err),
                         0);
    }
    ck_assert_int_eq(buffer_print(&command, &err, "; } 2>&1"), 0);
    FILE *pipe = popen(command.data, "r");
    ck_assert_ptr_nonnull(pipe);
    buffer_release(&command);
    out[fread(out, 1, size - 1, pipe)] = '\0';
    char rest[4096];
    while (fread(rest, 1, sizeof(rest), pipe) > 0)
        ;
    int status = pclose(pipe);
    ck_assert_msg(WIFEXITED(status), "%s: ended by a signal: %s", line, out);
    return WEXITSTATUS(status);
}
