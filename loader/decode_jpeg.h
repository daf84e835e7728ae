/* What the two halves of the JPEG decoder share: header and pixels. */
#ifndef TENFOLD_LOADER_DECODE_JPEG_H
#define TENFOLD_LOADER_DECODE_JPEG_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "loader/decode_private.h"
#include "loader/decode_restart.h"
#include "loader/decode_scan.h"

/* libjpeg's errors jump to `out`, which whoever calls it sets first; with JPEG_AGAIN where the
 * image is to be decoded once more, by libjpeg alone. */
enum { JPEG_ERROR = 1, JPEG_AGAIN };

struct jpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    struct decoder *owner; /* borrowed */
    char message[JMSG_LENGTH_MAX];
    int orientation;           /* of the first EXIF block; 0: none yet */
    J_COLOR_SPACE color_space; /* of the file, while a smaller one is in its place */
    uint8_t *line;             /* owned: one row of CMYK */
    size_t line_capacity;
    struct restart restart; /* owned: a smaller JPEG */
    struct scan scan;       /* owned: the coded data */
};

/* ERROR_DATA with what libjpeg said in `message`; the decoder is fit for the next file. */
int jpeg_decoder_refuse(struct jpeg_decoder *j, struct error *err);

#endif
