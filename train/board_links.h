/*
 * The pages and pictures that lie in a run's folder, as links of the board's page.
 *
 *     board_links(run, "out", &json, &err);      //
 * "links":[{"text":"report","href":"a/report.html"}],
 */
#ifndef TENFOLD_TRAIN_BOARD_LINKS_H
#define TENFOLD_TRAIN_BOARD_LINKS_H

#include "train/board_run.h"

/* Relative to the folder `page` in which the page lies; NULL: runs/<id>/<name>, which board_live
 * answers. */
int board_links(const struct board_run *run, const char *page, struct buffer *json,
                struct error *err);

#endif
