/*
 * The command center's page: one file of HTML with its style, its script and uPlot in it, which
 * asks nobody for anything but, when live, its own server for data.json.
 *
 *     struct buffer html = { 0 };
 *     if (board_page_append(&html, "out/sweep", json.data, json.size, &err) < 0) ...
 *     file_write("page.html", html.data, html.size, &err);
 *     buffer_release(&html);
 */
#ifndef TENFOLD_TRAIN_BOARD_PAGE_H
#define TENFOLD_TRAIN_BOARD_PAGE_H

#include "base/buffer.h"

/* uPlot was there when this was built: without it there are no pages. 0, or -1 with ERROR_FAILED
 * and what to do. */
int board_page_check(struct error *err);

/* `data` is the JSON of board_data.h; NULL makes the live page, which asks for data.json once a
 * second. What of it would end the script element is escaped. */
int board_page_append(struct buffer *html, const char *title, const char *data, size_t size,
                      struct error *err);

#endif
