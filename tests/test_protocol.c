/*
 * Claim: a message arrives whole however its bytes are cut; lengths, texts and types that are none
 * are refused before memory is taken, by one error; errors keep their kind; descriptors arrive with
 * their message and none is lost; a million mangled bytes do no harm.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rng.h"
#include "loader/protocol.h"
#include "tests/scale.h"
#include "tests/suite.h"

static void append(struct buffer *out, json_t *object)
{
    struct error err = { 0 };
    ck_assert_ptr_nonnull(object);
    ck_assert_msg(message_write(object, out, &err) == 0, "%s", err.message);
    json_decref(object);
}

START_TEST(cut_anywhere)
{
    struct buffer out = { 0 };
    for (int i = 0; i < 5; i++)
        append(&out, json_pack("{s:s, s:i, s:s}", "type", "open", "id", i, "text", "\303\244\n"));
    for (size_t step = 1; step <= out.size; step++) {
        struct message_reader r = { 0 };
        struct error err = { 0 };
        int seen = 0;
        for (size_t at = 0; at < out.size; at += step) {
            const uint8_t *bytes = (const uint8_t *)out.data + at;
            size_t n = out.size - at < step ? out.size - at : step;
            json_t *object;
            int rc;
            while ((rc = message_feed(&r, &bytes, &n, &object, &err)) == 1) {
                ck_assert_int_eq(json_integer_value(json_object_get(object, "id")), seen++);
                ck_assert_str_eq(json_string_value(json_object_get(object, "text")), "\303\244\n");
                json_decref(object);
            }
            ck_assert_int_eq(rc, 0);
            ck_assert_uint_eq(n, 0);
        }
        ck_assert_int_eq(seen, 5);
        message_reader_release(&r);
    }
    buffer_release(&out);
}
END_TEST

/* What follows a message is left where it is: raw bytes of a batch may. */
START_TEST(what_follows_is_left)
{
    struct buffer out = { 0 };
    struct error err = { 0 };
    append(&out, json_pack("{s:s}", "type", "batch"));
    ck_assert_int_eq(buffer_append(&out, "raw", 3, &err), 0);
    struct message_reader r = { 0 };
    const uint8_t *bytes = (const uint8_t *)out.data;
    size_t n = out.size;
    json_t *object;
    ck_assert_int_eq(message_feed(&r, &bytes, &n, &object, &err), 1);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(bytes, "raw", 3);
    json_decref(object);
    message_reader_release(&r);
    buffer_release(&out);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
} refused[] = {
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    BYTES("\0\0\0\0"),
    BYTES("\1\0\1\0"), /* 65,537 */
    BYTES("\377\377\377\377{}"),
    BYTES("\2\0\0\0{}"),
    BYTES("\2\0\0\0[]"),
    BYTES("\1\0\0\0x"),
    BYTES("\4\0\0\0\"ab\""),
    BYTES("\014\0\0\0{\"type\":123}"),
    BYTES("\016\0\0\0{\"type\":\"a\"} x"),
    BYTES("\031\0\0\0{\"type\":\"a\",\"type\":\"b\"}  "),
    BYTES("\014\0\0\0{\"type\":\"\377\"}"),
    BYTES("\021\0\0\0{\"type\":\"\\u0000\"}"),
};

START_TEST(is_refused)
{
    struct message_reader r = { 0 };
    struct error err = { 0 };
    const uint8_t *bytes = (const uint8_t *)refused[_i].bytes;
    size_t n = refused[_i].size;
    json_t *object = NULL;
    ck_assert_int_eq(message_feed(&r, &bytes, &n, &object, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_ptr_null(object);
    message_reader_release(&r);
}
END_TEST

/* A length that is announced takes no memory until the bytes come. */
START_TEST(lengths_take_no_memory)
{
    struct message_reader r = { 0 };
    struct error err = { 0 };
    const uint8_t bytes[] = { 0, 0, 1, 0, '{' }, *p = bytes;
    size_t n = sizeof(bytes);
    json_t *object;
    ck_assert_int_eq(message_feed(&r, &p, &n, &object, &err), 0);
    ck_assert_uint_lt(r.body.capacity, 4096);
    message_reader_release(&r);
}
END_TEST

START_TEST(too_large_to_send)
{
    struct buffer out = { 0 };
    struct error err = { 0 };
    char *text = malloc(MESSAGE_MAX + 1);
    memset(text, 'a', MESSAGE_MAX);
    text[MESSAGE_MAX] = '\0';
    json_t *object = json_pack("{s:s, s:s}", "type", "part", "text", text);
    ck_assert_int_eq(message_write(object, &out, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_uint_eq(out.size, 0);
    json_decref(object);
    free(text);
    buffer_release(&out);
}
END_TEST

START_TEST(errors_keep_their_kind)
{
    static const struct {
        enum error_kind sent, arrives;
    } cases[] = {
        { ERROR_FAILED, ERROR_FAILED },       { ERROR_USAGE, ERROR_USAGE },
        { ERROR_DATA, ERROR_DATA },           { ERROR_REQUEUE, ERROR_REQUEUE },
        { ERROR_INTERRUPTED, ERROR_REQUEUE },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error sent = { 0 }, arrives = { 0 };
        error_set(&sent, cases[i].sent, "a/\344.jpg", "is %s", "broken");
        json_t *object = message_error(7, &sent);
        ck_assert_int_eq(json_integer_value(json_object_get(object, "id")), 7);
        message_read_error(object, &arrives);
        ck_assert_int_eq(arrives.kind, cases[i].arrives);
        ck_assert_str_eq(arrives.message, "is broken");
        ck_assert_ptr_nonnull(strstr(arrives.place, ".jpg"));
        json_decref(object);
    }
    struct error nothing = { 0 };
    json_t *empty = json_object();
    message_read_error(empty, &nothing);
    ck_assert_int_eq(nothing.kind, ERROR_FAILED);
    ck_assert_int_ne(nothing.message[0], 0);
    json_decref(empty);
}
END_TEST

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(descriptors)
{
    int pair[2], memory[6], got[MESSAGE_FDS], count;
    uint8_t bytes[64];
    struct error err = { 0 };
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (int i = 0; i < 6; i++) {
        memory[i] = memfd_create("test", MFD_CLOEXEC);
        ck_assert_int_eq(pwrite(memory[i], &i, sizeof(i), 0), sizeof(i));
    }
    ck_assert_int_eq(message_send(pair[0], (const uint8_t *)"plain", 5, NULL, 0, &err), 0);
    ck_assert_int_eq(message_send(pair[0], (const uint8_t *)"with", 4, memory, 4, &err), 0);
    ssize_t n = message_receive(pair[1], bytes, 5, got, &count);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(count, 0);
    n = message_receive(pair[1], bytes, sizeof(bytes), got, &count);
    ck_assert_int_eq(n, 4);
    ck_assert_int_eq(count, 4);
    for (int i = 0; i < 4; i++) {
        int value;
        ck_assert_int_eq(pread(got[i], &value, sizeof(value), 0), sizeof(value));
        ck_assert_int_eq(value, i);
        ck_assert_int_eq(fcntl(got[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        close(got[i]);
    }
    /* More than a message may carry: what is above is closed, here or by the kernel. */
    int before = open_descriptors();
    union {
        char bytes[CMSG_SPACE(sizeof(memory))];
        struct cmsghdr align;
    } control = { { 0 } };
    struct iovec piece = { bytes, 1 };
    struct msghdr m = { .msg_iov = &piece,
                        .msg_iovlen = 1,
                        .msg_control = control.bytes,
                        .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(memory)),
                           .cmsg_level = SOL_SOCKET,
                           .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(c), memory, sizeof(memory));
    ck_assert_int_eq(sendmsg(pair[0], &m, 0), 1);
    ck_assert_int_eq(message_receive(pair[1], bytes, sizeof(bytes), got, &count), 1);
    ck_assert_int_eq(count, MESSAGE_FDS);
    ck_assert_int_eq(open_descriptors(), before + MESSAGE_FDS);
    for (int i = 0; i < count; i++)
        close(got[i]);
    for (int i = 0; i < 6; i++)
        close(memory[i]);
    close(pair[0]);
    ck_assert_int_eq(message_receive(pair[1], bytes, sizeof(bytes), got, &count), 0);
    close(pair[1]);
}
END_TEST

/* Good messages with a few bytes changed, cut into pieces of any size. */
START_TEST(mangled)
{
    struct rng rng = rng_start(rng_derive(1, "order", "fuzz", 0), 0, 0);
    struct buffer good = { 0 }, bytes = { 0 };
    struct error err = { 0 };
    append(&good, json_pack("{s:s, s:i, s:i, s:s}", "type", "hello", "id", 1, "version", 1,
                            "software", "test"));
    append(&good, json_pack("{s:s, s:i, s:[s,s], s:{s:s}, s:I}", "type", "open", "id", 2,
                            "settings", "data.train=/a", "data.batch=4", "config", "name", "a",
                            "start", (json_int_t)1 << 60));
    int messages = 0, refusals = 0;
    for (int round = 0; round < test_scaled(20000); round++) {
        struct message_reader r = { 0 };
        bytes.size = 0;
        ck_assert_int_eq(buffer_append(&bytes, good.data, good.size, &err), 0);
        for (uint64_t i = rng_below(&rng, 4); i > 0; i--)
            bytes.data[rng_below(&rng, bytes.size)] = (char)rng_below(&rng, 256);
        size_t at = 0;
        int rc = 0;
        while (at < bytes.size && rc == 0) {
            size_t n = 1 + rng_below(&rng, 100);
            n = n < bytes.size - at ? n : bytes.size - at;
            const uint8_t *p = (const uint8_t *)bytes.data + at;
            at += n;
            json_t *object;
            while ((rc = message_feed(&r, &p, &n, &object, &err)) == 1) {
                messages++;
                json_decref(object);
            }
        }
        refusals += rc < 0;
        message_reader_release(&r);
    }
    ck_assert_int_gt(messages, 0);
    ck_assert_int_gt(refusals, 0);
    buffer_release(&good);
    buffer_release(&bytes);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("protocol");
    tcase_add_test(cases, cut_anywhere);
    tcase_add_test(cases, what_follows_is_left);
    tcase_add_loop_test(cases, is_refused, 0, sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(cases, lengths_take_no_memory);
    tcase_add_test(cases, too_large_to_send);
    tcase_add_test(cases, errors_keep_their_kind);
    tcase_add_test(cases, descriptors);
    tcase_add_test(cases, mangled);
    return suite_run();
}
