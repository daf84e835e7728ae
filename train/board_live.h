/*
 * The board as a small server: the page, its data, and the reports that lie in the runs' folders.
 * Runs are looked at twice a second by asking for the state of their files, so a network file
 * system will do.
 *
 *     struct board_live_options options = { .address = "8080", .page = html.data,
 *                                           .page_size = html.size, .stop = interrupt_catch() };
 *     if (board_live(board, &options, &err) < 0) ...         // returns when stopped
 *
 * Whoever can reach the address sees the runs and changes nothing: GET and HEAD only. A server for
 * this machine alone answers nobody who takes it for another (403).
 */
#ifndef TENFOLD_TRAIN_BOARD_LIVE_H
#define TENFOLD_TRAIN_BOARD_LIVE_H

#include <signal.h>

#include "train/board_data.h"

struct board_live_options {
    /* HOST:PORT, or PORT alone: of this machine only (127.0.0.1). Port 0: any that is free. */
    const char *address;
    const char *page; /* what GET / answers; borrowed */
    size_t page_size;
    const volatile sig_atomic_t *stop; /* the server ends when it is not 0 */
    /* Told the address that is listened at ("127.0.0.1:8080"); NULL: nobody listens. */
    void (*ready)(void *context, const char *address);
    void *context;
};

/*
 * GET /                       the page
 * GET /data.json              board_json, of everything
 * GET /data.json?since=G      ... of what has changed after generation G
 * GET /runs/<id>/<name>       a page or picture in the folder of run <id> (board_run's `files`)
 */
int board_live(struct board *board, const struct board_live_options *options, struct error *err);

#endif
