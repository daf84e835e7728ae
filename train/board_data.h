/*
 * All runs as the JSON that the command center's page draws; docs/formats.md, "The board's data",
 * says what is in it.
 *
 *     struct board *board;
 *     if (board_open(&board, &(struct board_options){ .roots = roots, .count = 2 }, &err) < 0) ...
 *     board_json(board, 0, &json, &err);
 *     while (board_update(board, &changed, &err) == 0) ...    // live: what runs have written since
 *     board_close(board);
 *
 * One thread at a time; reading is spread over a pool of its own.
 */
#ifndef TENFOLD_TRAIN_BOARD_DATA_H
#define TENFOLD_TRAIN_BOARD_DATA_H

#include "base/buffer.h"
#include "train/board_run.h"

struct board;

struct board_options {
    const char *const *roots; /* run folders and folders of them; borrowed until board_close */
    int count;
    const char *title; /* borrowed until board_close; NULL: the roots' names */
    bool live;         /* what the page is told */
    /* The folder in which the page will lie: links are relative to it; borrowed until board_close.
     * NULL: they are those of board_live. */
    const char *page;
    int threads; /* 0: as many as this process may use */
};

/* Finds and reads all runs; there may be none. ERROR_DATA when a root is no folder. */
int board_open(struct board **board, const struct board_options *options, struct error *err);

/* Look for new runs and for what is new in those that are known. Folders that are gone keep what
 * was read of them. */
int board_update(struct board *board, bool *changed, struct error *err);

/* A number that rises with every change, and begins with the milliseconds of the clock: a process
 * knows by it what a client has seen of an earlier one. */
uint64_t board_generation(const struct board *board);
const char *board_title(const struct board *board);

/* Append the JSON: everything, but of the runs only those that have changed after generation
 * `since`; 0, or one that no board of this process has had: all ("all" is then true). */
int board_json(const struct board *board, uint64_t since, struct buffer *json, struct error *err);

/* The keys whose values differ between runs (an array of texts), and the runs in order of their
 * ids, for exports; valid until the next board_update. */
const json_t *board_keys(const struct board *board);
size_t board_runs(const struct board *board);
const struct board_run *board_run(const struct board *board, size_t id);

void board_close(struct board *board); /* NULL is a no-op */

#endif
