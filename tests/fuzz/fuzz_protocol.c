/*
 * libFuzzer's target for the daemon's messages: any bytes, cut anywhere, end in messages or in one
 * refusal. `make fuzz` runs it; tests/test_protocol.c has the short version that always runs.
 */
#include <stdlib.h>

#include "loader/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message_reader reader = { 0 };
    struct buffer out = { 0 };
    struct error err = { 0 };
    /* The first byte says how the rest is cut. */
    size_t step = size ? 1 + data[0] : 1;
    for (size_t i = 1; i < size; i += step) {
        const uint8_t *bytes = data + i;
        size_t n = size - i < step ? size - i : step;
        json_t *object;
        int rc;
        while ((rc = message_feed(&reader, &bytes, &n, &object, &err)) == 1) {
            struct error said = { 0 };
            message_read_error(object, &said);
            out.size = 0;
            (void)message_write(object, &out, &err);
            json_decref(object);
        }
        if (rc < 0)
            break;
        if (n != 0)
            abort(); /* bytes left without a message */
    }
    buffer_release(&out);
    message_reader_release(&reader);
    return 0;
}
