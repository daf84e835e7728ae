/*
 * What the runs of a board are called: their paths, less what all roots share.
 *
 *     char *folder = board_name_folder(roots, count, &err);     // out/a, out/b: out
 *     char *name = board_name(folder, "out/a/trials/0007", &err);    // a/trials/0007
 *     char *title = board_name_title(NULL, roots, count, &err);      // a, b
 *
 * All are fresh, free(); NULL with err filled when there is no memory.
 */
#ifndef TENFOLD_TRAIN_BOARD_NAME_H
#define TENFOLD_TRAIN_BOARD_NAME_H

#include "base/error.h"

char *board_name_folder(const char *const *roots, int count, struct error *err);
char *board_name(const char *folder, const char *path, struct error *err);
/* `title` where it is not NULL, else the roots' names. */
char *board_name_title(const char *title, const char *const *roots, int count, struct error *err);

#endif
