/*
 * The files of train/board/ and uPlot's, made into C by train/board/embed.sh. Each ends in a NUL;
 * uPlot's are empty texts where it was not there when this was built.
 *
 *     buffer_append(html, board_style, strlen((const char *)board_style), err)
 */
#ifndef TENFOLD_TRAIN_BOARD_ASSETS_H
#define TENFOLD_TRAIN_BOARD_ASSETS_H

extern const unsigned char board_style[], board_body[], board_script[];
extern const unsigned char uplot_style[], uplot_script[], uplot_license[];

#endif
