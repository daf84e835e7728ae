#include "tests/hand_tar.h"

#include <check.h>
#include <string.h>

static const char zeros[1024];

void hand_tar_add(FILE *tar, const char *name, char type, const void *data, size_t size)
{
    char block[512] = { 0 };
    snprintf(block, 100, "%s", name);
    snprintf(block + 100, 8, "0000644");
    snprintf(block + 124, 12, "%011zo", size);
    memcpy(block + 148, "        ", 8);
    block[156] = type;
    memcpy(block + 257, "ustar\00000", 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
    ck_assert_uint_eq(fwrite(block, 512, 1, tar), 1);
    fwrite(data, 1, size, tar);
    fwrite(zeros, 1, (512 - size % 512) % 512, tar);
}

void hand_tar_end(FILE *tar)
{
    fwrite(zeros, 1, sizeof(zeros), tar);
    ck_assert_int_eq(fclose(tar), 0);
}
