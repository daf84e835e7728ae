/*
 * Claim: arrays that NumPy saved read back right and are written again to the same bytes; a header
 * that lies, or that is more than the three keys of the format, is refused with a message that says
 * why.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/npy.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static const uint8_t *bytes_200(void)
{
    static uint8_t bytes[200];
    for (int i = 0; i < 200; i++)
        bytes[i] = (uint8_t)i;
    return bytes;
}

/* The files of tests/golden/make_npy.py. */
START_TEST(numpy_files)
{
    const struct {
        const char *name;
        enum dtype dtype;
        int rank;
        int64_t shape[TENSOR_RANK];
        const void *data;
    } cases[] = {
        { "f4", DTYPE_F32, 2, { 2, 3 }, (float[]){ 1, 2, 3, -4, 0.5f, __builtin_inff() } },
        { "f2", DTYPE_F16, 1, { 2 }, (uint16_t[]){ 0x3c00, 0xc000 } },
        { "f8", DTYPE_F64, 3, { 1, 1, 1 }, (double[]){ 0.1 } },
        { "u1", DTYPE_U8, 2, { 10, 20 }, bytes_200() },
        { "i1", DTYPE_I8, 1, { 2 }, (int8_t[]){ -128, 127 } },
        { "i4", DTYPE_I32, 1, { 2 }, (int32_t[]){ INT32_MIN, INT32_MAX } },
        { "i8", DTYPE_I64, 1, { 2 }, (int64_t[]){ INT64_MIN, INT64_MAX } },
        { "scalar", DTYPE_F32, 0, { 0 }, (float[]){ 2.5f } },
        { "empty", DTYPE_F32, 2, { 3, 0 }, NULL },
        { "rank8", DTYPE_I32, 8, { 1, 1, 1, 1, 1, 1, 1, 2 }, (int32_t[]){ 0, 1 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[600];
        struct error err = { 0 };
        struct tensor t;
        snprintf(path, sizeof(path), "%s/tests/golden/npy/%s.npy", scratch_start(), cases[i].name);
        ck_assert_msg(npy_read(path, &t, &err) == 0, "%s: %s", err.place, err.message);
        ck_assert_int_eq(t.dtype, cases[i].dtype);
        ck_assert_int_eq(t.rank, cases[i].rank);
        for (int j = 0; j < t.rank; j++)
            ck_assert_int_eq(t.shape[j], cases[i].shape[j]);
        ck_assert_ptr_nonnull(t.data);
        ck_assert_uint_eq((uintptr_t)t.data % 64, 0);
        if (tensor_bytes(&t))
            ck_assert_mem_eq(t.data, cases[i].data, tensor_bytes(&t));
        struct buffer ours = { 0 }, theirs = { 0 };
        ck_assert_int_eq(npy_write("x", &t, &err), 0);
        ck_assert_int_eq(file_read("x", 10000, &ours, &err), 0);
        ck_assert_int_eq(file_read(path, 10000, &theirs, &err), 0);
        ck_assert_uint_eq(ours.size, theirs.size);
        ck_assert_mem_eq(ours.data, theirs.data, ours.size);
        buffer_release(&ours);
        buffer_release(&theirs);
        free(t.data);
    }
}
END_TEST

static void put(const void *data, size_t size)
{
    int fd = open("x", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

/* A file of the header `dict` as it is, in `version`, and `size` bytes of data. */
static void put_header(int version, const char *dict, size_t size)
{
    char file[20000] = "\x93NUMPY";
    size_t length = strlen(dict), offset = version == 1 ? 10 : 12;
    file[6] = (char)version;
    file[8] = (char)(length & 0xff);
    file[9] = (char)(length >> 8 & 0xff);
    memcpy(file + offset, dict, length);
    put(file, offset + length + size);
}

START_TEST(accepted_headers)
{
    static const struct {
        int version;
        const char *dict;
        size_t data;
    } cases[] = {
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8 },
        { 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 8 },
        { 3, "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}", 8 },
        { 1, " { 'shape' : ( 2L , ) , 'descr' : '<f4' , 'fortran_order' : False } \n", 8 },
        { 1, "{'descr': '<u1', 'fortran_order': False, 'shape': (2)}", 2 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct tensor t;
        put_header(cases[i].version, cases[i].dict, cases[i].data);
        ck_assert_msg(npy_read("x", &t, &err) == 0, "%s: %s", cases[i].dict, err.message);
        ck_assert_int_eq(t.rank, 1);
        ck_assert_int_eq(t.shape[0], 2);
        free(t.data);
    }
}
END_TEST

static void check_refused(const char *message)
{
    struct error err = { 0 };
    struct tensor t;
    ck_assert_msg(npy_read("x", &t, &err) < 0, "accepted; expected: %s", message);
    ck_assert_ptr_null(t.data);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_str_eq(err.place, "x");
    ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' instead of '%s'",
                  err.message, message);
}

#define DICT(descr, order, shape)                                                                  \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

START_TEST(hostile_headers)
{
    static const struct {
        const char *dict;
        size_t data;
        const char *message;
    } cases[] = {
        { "", 8, "header is no dict" },
        { "[]", 8, "header is no dict" },
        { "{}", 8, "header lacks one of descr, fortran_order, shape" },
        { "{'descr': '<f4', 'shape': (2,)}", 8, "header lacks one of" },
        { "{'descr': '<f4' 'shape': (2,)}", 8, "header is no dict: ',' or '}' is missing" },
        { "{'descr': '<f4', 'descr': '<f4'}", 8, "has the key 'descr' twice or by mistake" },
        { "{'strides': 3}", 8, "has the key 'strides' twice or by mistake; accepted: descr" },
        { "{'a_key_that_is_too_long': 3}", 8, "header is no dict of descr" },
        { "{'descr", 8, "header is no dict of descr" },
        { DICT("'<f4'", "False", "(2,)") "x", 8, "header goes on behind its dict" },
        { DICT("'>f4'", "False", "(2,)"), 8, "has type '>f4'; accepted: <f4, <f2" },
        { DICT("'|O'", "False", "(2,)"), 8, "has type '|O'" },
        { DICT("'|b1'", "False", "(2,)"), 2, "has type '|b1'" },
        { DICT("''", "False", "(2,)"), 8, "has type ''" },
        { DICT("'<U3'", "False", "(2,)"), 8, "has type '<U3'" },
        { DICT("[('a', '<f4')]", "False", "(2,)"), 8, "has elements of several fields" },
        { DICT("'<f4'", "True", "(2, 2)"), 16, "is in Fortran order; save it after" },
        { DICT("'<f4'", "0", "(2,)"), 8, "has no True or False for fortran_order" },
        { DICT("'<f4'", "False", "2"), 8, "has no shape of up to 8 integers from 0 on" },
        { DICT("'<f4'", "False", "(-2,)"), 8, "has no shape" },
        { DICT("'<f4'", "False", "(2 3)"), 24, "has no shape" },
        { DICT("'<f4'", "False", "(2.0,)"), 8, "has no shape" },
        { DICT("'<f4'", "False", "(2"), 8, "has no shape" },
        { DICT("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), 4, "has no shape" },
        { DICT("'<f4'", "False", "(9223372036854775808,)"), 4, "has no shape" },
        { DICT("'<f4'", "False", "(4611686018427387905,)"), 4, "has a shape whose size does not" },
        { DICT("'<f4'", "False", "(4294967296, 4294967296)"), 0,
          "has a shape whose size does not" },
        { DICT("'<f4'", "False", "(1000000000,)"), 8,
          "has 8 bytes of data; its shape takes "
          "4000000000" },
        { DICT("'<f4'", "False", "(2,)"), 7, "has 7 bytes of data; its shape takes 8" },
        { DICT("'<f4'", "False", "(2,)"), 9, "has 9 bytes of data; its shape takes 8" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_header(1, cases[i].dict, cases[i].data);
        check_refused(cases[i].message);
    }
    char dict[12000];
    memset(dict, ' ', sizeof(dict));
    dict[0] = '{';
    dict[sizeof(dict) - 1] = '\0';
    put_header(2, dict, 0);
    check_refused("has a header of 11999 bytes; at most 10000 are accepted");
}
END_TEST

START_TEST(other_files)
{
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } cases[] = {
        { BYTES(""), "no .npy file: it has only 0 bytes" },
        { BYTES("\x93NUMPY\1\0"), "no .npy file: it has only 8 bytes" },
        { BYTES("PK\3\4\0\0\0\0\0\0\0\0\0"), "no .npy file but a zip archive (.npz?)" },
        { BYTES("0.1 0.2 0.3 0.4"), "no .npy file: it does not begin with \\x93NUMPY" },
        { BYTES("\x93NUMPY\4\0\2\0\0\0{}"), "has version 4 of the format; accepted: 1..3" },
        { BYTES("\x93NUMPY\0\0\2\0\0\0{}"), "has version 0 of the format" },
        { BYTES("\x93NUMPY\1\0\x76\0{'descr"), "cut off at byte 17; the header alone ends at 128" },
        { BYTES("\x93NUMPY\2\0\xff\xff\xff\xff{}"), "has a header of 4294967295 bytes" },
        { BYTES("\x93NUMPY\1\0\4\0{\0}\n"), "has a NUL in its header" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put(cases[i].bytes, cases[i].size);
        check_refused(cases[i].message);
    }
    struct error err = { 0 };
    struct tensor t;
    ck_assert_int_eq(npy_read("none", &t, &err), -1);
    ck_assert_str_eq(err.message, "cannot open: No such file or directory");
    ck_assert_int_eq(npy_read(".", &t, &err), -1);
    ck_assert_str_eq(err.message, "is no ordinary file; a .npy file is needed");
    t = (struct tensor){ DTYPE_BF16, 1, { 0 }, NULL };
    ck_assert_int_eq(npy_write("y", &t, &err), -1);
    ck_assert_str_eq(err.message, "the format has no BF16");
    t.dtype = DTYPE_F32;
    ck_assert_int_eq(npy_write("none/y", &t, &err), -1);
    ck_assert(!file_exists("y"));
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("npy");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, numpy_files);
    tcase_add_test(cases, accepted_headers);
    tcase_add_test(cases, hostile_headers);
    tcase_add_test(cases, other_files);
    return suite_run();
}
