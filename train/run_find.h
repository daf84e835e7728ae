/*
 * Run folders below a folder. A folder with a log.jsonl or a summary.csv is one.
 *
 *     struct run_list list = { 0 };
 *     if (run_find(&list, "sweep", &err) < 0) ...        // and again later: adds what is new
 *     for (size_t i = 0; i < list.count; i++)
 *         use(list.path[i]);
 *     run_list_release(&list);
 */
#ifndef TENFOLD_TRAIN_RUN_FIND_H
#define TENFOLD_TRAIN_RUN_FIND_H

#include <stddef.h>

#include "base/error.h"

struct run_list {
    char **path; /* (count), sorted; owned as their array */
    size_t count, capacity;
};

/* Add the run folders at or below `folder` that are not in the list yet. Nothing is looked for
 * inside a run folder, unless it is `folder` itself; what is in the list costs no system call of
 * its own. Links are followed, each folder is visited once, and folders that may not be read are
 * passed over. ERROR_DATA when `folder` is none; ERROR_FAILED past 100,000 folders. */
int run_find(struct run_list *list, const char *folder, struct error *err);

void run_list_release(struct run_list *list);

#endif
