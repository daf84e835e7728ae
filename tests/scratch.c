#include "tests/scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64], start[512];

void scratch_enter(void)
{
    ck_assert_ptr_nonnull(getcwd(start, sizeof(start)));
    snprintf(folder, sizeof(folder), "/tmp/tenfold-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

void scratch_leave(void)
{
    char command[128];
    ck_assert_int_eq(chdir(start), 0);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

const char *scratch_start(void)
{
    return start;
}
