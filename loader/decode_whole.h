/* One sample read and decoded whole, for those who look at few: decoder and pixels are fresh. */
#ifndef TENFOLD_LOADER_DECODE_WHOLE_H
#define TENFOLD_LOADER_DECODE_WHOLE_H

#include "loader/decode.h"
#include "loader/index.h"

/* `options` as for decoder_open. The pixels are the caller's: free(image->pixels). */
int decode_whole(const struct index *index, uint64_t id, const struct decode_options *options,
                 struct image *image, struct error *err);

#endif
