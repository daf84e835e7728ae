/*
 * Tars made by hand, so that tests can make odd ones.
 *
 *     FILE *tar = fopen("a.tar", "wb");
 *     hand_tar_add(tar, "ants/1.jpg", '0', "bytes", 5);
 *     hand_tar_end(tar);
 */
#ifndef TENFOLD_TESTS_HAND_TAR_H
#define TENFOLD_TESTS_HAND_TAR_H

#include <stdio.h>

/* A ustar member; `type` '0' is a file. */
void hand_tar_add(FILE *tar, const char *name, char type, const void *data, size_t size);
/* The end mark; closes the file. */
void hand_tar_end(FILE *tar);

#endif
