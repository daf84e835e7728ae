/*
 * Claim: what the writer writes is byte for byte what the format asks for and reads back the same;
 * every header that lies, and every file that is something else, is refused before memory is taken
 * for it, with a message that says why.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/safetensors.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static void put(const void *data, size_t size)
{
    int fd = open("x", O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

/* A file of the header `json` and `size` bytes of data. */
static void put_header(const char *json, size_t size)
{
    struct buffer b = { 0 };
    struct error err = { 0 };
    uint64_t length = strlen(json);
    char *data = calloc(1, size + 1);
    ck_assert_int_eq(buffer_append(&b, &length, sizeof(length), &err), 0);
    ck_assert_int_eq(buffer_append(&b, json, length, &err), 0);
    ck_assert_int_eq(buffer_append(&b, data, size, &err), 0);
    put(b.data, b.size);
    free(data);
    buffer_release(&b);
}

static struct safetensors *open_x(void)
{
    struct error err = { 0 };
    struct safetensors *file = NULL;
    if (safetensors_open(&file, "x", &err) < 0)
        ck_abort_msg("%s: %s", err.place, err.message);
    return file;
}

static void check_refused(const char *message)
{
    struct error err = { 0 };
    struct safetensors *file = NULL;
    ck_assert_msg(safetensors_open(&file, "x", &err) < 0, "accepted; expected: %s", message);
    ck_assert_ptr_null(file);
    ck_assert_str_eq(err.place, "x");
    ck_assert_msg(strncmp(err.message, message, strlen(message)) == 0, "'%s' instead of '%s'",
                  err.message, message);
    ck_assert_int_eq(err.kind, ERROR_DATA);
}

/* What the reference implementation writes for one tensor w = [1, 2]. */
START_TEST(golden_bytes)
{
    static const char golden[] =
        "\x38\0\0\0\0\0\0\0"
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  "
        "\0\0\x80\x3f\0\0\0\x40";
    float w[] = { 1, 2 };
    struct safetensors_item item = { "w", { DTYPE_F32, 1, { 2 }, w } };
    struct error err = { 0 };
    struct buffer b = { 0 };
    ck_assert_int_eq(safetensors_write("x", &item, 1, NULL, &err), 0);
    ck_assert_int_eq(file_read("x", 1000, &b, &err), 0);
    ck_assert_uint_eq(b.size, sizeof(golden) - 1);
    ck_assert_mem_eq(b.data, golden, b.size);
    buffer_release(&b);
    struct safetensors *file = open_x();
    ck_assert_uint_eq(safetensors_count(file), 1);
    ck_assert_mem_eq(safetensors_find(file, "w")->data, w, sizeof(w));
    safetensors_close(file);
    safetensors_close(NULL);
}
END_TEST

/* Every type, against the file of tests/golden/types_safetensors.py. */
START_TEST(same_as_the_reference)
{
    double d[] = { 1, -2, 3 };
    float f[] = { 0.5f };
    uint16_t half[] = { 0x0000, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500 }, b2[] = { 0x3fc0, 0xc000 };
    uint8_t bytes[] = { 9, 8, 7 };
    int8_t i8[] = { -3 };
    int32_t j[] = { 1, -2 };
    int64_t label[] = { -1, INT64_MAX };
    struct safetensors_item items[] = {
        { "zeta", { DTYPE_U8, 2, { 1, 3 }, bytes } },
        { "i", { DTYPE_I8, 1, { 1 }, i8 } },
        { "beta", { DTYPE_F16, 3, { 1, 2, 3 }, half } },
        { "b2", { DTYPE_BF16, 1, { 2 }, b2 } },
        { "alpha.\xc3\xa9\"", { DTYPE_F32, 0, { 0 }, f } },
        { "empty", { DTYPE_F32, 2, { 4, 0 }, NULL } },
        { "j", { DTYPE_I32, 1, { 2 }, j } },
        { "d", { DTYPE_F64, 1, { 3 }, d } },
        { "label", { DTYPE_I64, 1, { 2 }, label } },
    };
    size_t count = sizeof(items) / sizeof(items[0]);
    struct error err = { 0 };
    json_t *metadata = json_pack("{s:s}", "net", "{\"a\": [1]}");
    ck_assert_int_eq(safetensors_write("x", items, count, metadata, &err), 0);
    json_decref(metadata);
    struct buffer ours = { 0 }, theirs = { 0 };
    char golden[600];
    snprintf(golden, sizeof(golden), "%s/tests/golden/types.safetensors", scratch_start());
    ck_assert_int_eq(file_read("x", 10000, &ours, &err), 0);
    ck_assert_msg(file_read(golden, 10000, &theirs, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_uint_eq(ours.size, theirs.size);
    ck_assert_mem_eq(ours.data, theirs.data, ours.size);
    buffer_release(&ours);
    buffer_release(&theirs);
    struct safetensors *file = open_x();
    ck_assert_uint_eq(safetensors_count(file), count);
    ck_assert_str_eq(safetensors_metadata(file, "net"), "{\"a\": [1]}");
    ck_assert_ptr_null(safetensors_metadata(file, "none"));
    ck_assert_ptr_null(safetensors_find(file, "none"));
    for (size_t n = 0; n < count; n++) {
        const struct tensor *t = safetensors_find(file, items[n].name);
        ck_assert_ptr_nonnull(t);
        ck_assert_int_eq(t->dtype, items[n].tensor.dtype);
        ck_assert_int_eq(t->rank, items[n].tensor.rank);
        for (int i = 0; i < t->rank; i++)
            ck_assert_int_eq(t->shape[i], items[n].tensor.shape[i]);
        ck_assert_uint_eq((uintptr_t)t->data % 64, 0);
        if (tensor_bytes(t))
            ck_assert_mem_eq(t->data, items[n].tensor.data, tensor_bytes(t));
        if (n)
            ck_assert_int_lt(
                strcmp(safetensors_item(file, n - 1)->name, safetensors_item(file, n)->name), 0);
    }
    safetensors_close(file);
}
END_TEST

START_TEST(accepted_headers)
{
    static const struct {
        const char *json;
        size_t data, count;
    } cases[] = {
        { "{}", 0, 0 },
        { "{}      ", 0, 0 },
        { "{\"__metadata__\":{\"a\":\"b\"}}", 0, 0 },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
          "\"b\":{\"data_offsets\":[3,7],\"shape\":[],\"dtype\":\"F32\"}}",
          7, 2 }, /* b is not aligned to its elements */
        { "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
          4, 2 },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},"
          "\"b\":{\"dtype\":\"F32\",\"shape\":[7,0,9],\"data_offsets\":[0,0]},"
          "\"c\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}",
          4, 3 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_header(cases[i].json, cases[i].data);
        struct safetensors *file = open_x();
        ck_assert_uint_eq(safetensors_count(file), cases[i].count);
        for (size_t j = 0; j < cases[i].count; j++)
            ck_assert_uint_eq((uintptr_t)safetensors_item(file, j)->tensor.data % 64, 0);
        safetensors_close(file);
    }
}
END_TEST

#define TENSOR(dtype, shape, offsets)                                                              \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

START_TEST(hostile_headers)
{
    static const struct {
        const char *json;
        size_t data;
        const char *message;
    } cases[] = {
        { "[]", 0, "no safetensors file: the header does not begin with '{' at byte 8" },
        { " {}", 0, "no safetensors file: the header does not begin with '{' at byte 8" },
        { "", 8, "no safetensors file: the header does not begin with '{' at byte 8" },
        { "{", 0, "header: not valid JSON: string or '}' expected near end of file" },
        { "{}x", 0, "header: not valid JSON: end of file expected near 'x'" },
        { "{\"\xff\":1}", 0, "header: not valid JSON: unable to decode byte 0xff" },
        { "{\"a\":1}", 0, "tensor 'a' is no object with dtype, shape and data_offsets" },
        { "{\"a\":{}}", 0, "tensor 'a' has no dtype" },
        { "{\"a\":{\"dtype\":\"F32\"}}", 0, "tensor 'a' has no shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8,
          "tensor 'a' has data_offsets that are no "
          "pair" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"strides\":[1]}}", 8,
          "tensor 'a' has the key 'strides'; accepted: dtype, shape, data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
          "header: not valid JSON: duplicate object key" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
          4, "header: not valid JSON: duplicate object key" },
        { TENSOR("\"F8_E4M3\"", "[2]", "[0,2]"), 2,
          "tensor 'a' has dtype 'F8_E4M3'; accepted: F32, F16, BF16, F64, U8, I8, I32, I64" },
        { TENSOR("3", "[2]", "[0,2]"), 2, "tensor 'a' has no dtype" },
        { TENSOR("\"F32\"", "2", "[0,8]"), 8, "tensor 'a' has no shape" },
        { TENSOR("\"F32\"", "[-2]", "[0,8]"), 8,
          "tensor 'a' has a shape of other things than integers from 0 on" },
        { TENSOR("\"F32\"", "[2.0]", "[0,8]"), 8, "tensor 'a' has a shape of other things" },
        { TENSOR("\"F32\"", "[2e0]", "[0,8]"), 8, "tensor 'a' has a shape of other things" },
        { TENSOR("\"F32\"", "[\"2\"]", "[0,8]"), 8, "tensor 'a' has a shape of other things" },
        { TENSOR("\"F32\"", "[18446744073709551617]", "[0,8]"), 8,
          "header: not valid JSON: too big integer" },
        { TENSOR("\"F32\"", "[4611686018427387905]", "[0,4]"), 4, /* 4 bytes modulo 2^64 */
          "tensor 'a' has a shape whose size does not fit into 64 bits" },
        { TENSOR("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0,
          "tensor 'a' has a shape whose size does not fit into 64 bits" },
        { TENSOR("\"U8\"", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1,
          "tensor 'a' has 9 dimensions; at most 8 are accepted" },
        { TENSOR("\"F32\"", "[2]", "[0,4]"), 4,
          "tensor 'a' has 4 bytes at data_offsets; its shape of F32 takes 8" },
        { TENSOR("\"F32\"", "[2]", "[-8,0]"), 8, "tensor 'a' has data_offsets that are no pair" },
        { TENSOR("\"F32\"", "[2]", "[8,0]"), 8, "tensor 'a' has data_offsets that are no pair" },
        { TENSOR("\"F32\"", "[2]", "[0,8,9]"), 8, "tensor 'a' has data_offsets that are no pair" },
        { TENSOR("\"F32\"", "[2]", "[0.0,8]"), 8, "tensor 'a' has data_offsets that are no pair" },
        { TENSOR("\"F32\"", "[2]", "{}"), 8, "tensor 'a' has data_offsets that are no pair" },
        { TENSOR("\"F32\"", "[2]", "[4,12]"), 12,
          "tensor 'a' leaves a hole: it begins at byte 4 of the data, the one before ends at 0" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
          6,
          "tensor 'b' overlaps another: it begins at byte 2 of the data, the one before ends at "
          "4" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
          4, "tensor 'b' overlaps another" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}",
          9, "tensor 'b' leaves a hole" },
        { TENSOR("\"F32\"", "[2]", "[0,8]"), 7,
          "cut off: it has 7 bytes of data, the tensors take 8" },
        { TENSOR("\"F32\"", "[2]", "[0,8]"), 9, "has 9 bytes of data, the tensors take only 8" },
        { TENSOR("\"U8\"", "[1099511627776]", "[0,1099511627776]"), 8,
          "cut off: it has 8 bytes of data, the tensors take 1099511627776" },
        { "{\"__metadata__\":[]}", 0, "__metadata__ is no object of texts" },
        { "{\"__metadata__\":{\"n\":1}}", 0, "__metadata__ 'n' is no text; must be one" },
        { "{\"\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
          "tensor '' has no name" },
        { "{\"a\\n\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
          "tensor 'a?' has a control character in its name" },
        { "{\"a\\u0000\":{}}", 0, "header: not valid JSON: NUL byte in object key" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_header(cases[i].json, cases[i].data);
        check_refused(cases[i].message);
    }
}
END_TEST

/* Headers made of a repeated part between a start and an end: refused by count or by depth. */
START_TEST(endless_headers)
{
    static const struct {
        const char *start, *part, *end;
        int times;
        const char *message;
    } cases[] = {
        { "{\"a\":", "[", "", 1000000, "header: not valid JSON: maximum parsing depth reached" },
        { "{\"a\":[1", ",1", "]}", 5000000, "header: more than 4194304 JSON values" },
        { "{\"", "a", "\":{}}", 2000, "tensor 'aaaaaaa" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer b = { 0 };
        struct error err = { 0 };
        ck_assert_int_eq(buffer_print(&b, &err, "%s", cases[i].start), 0);
        int rc = 0;
        for (int j = 0; j < cases[i].times; j++)
            rc |= buffer_append(&b, cases[i].part, strlen(cases[i].part), &err);
        ck_assert_int_eq(rc, 0);
        ck_assert_int_eq(buffer_print(&b, &err, "%s", cases[i].end), 0);
        put_header(b.data, 0);
        check_refused(cases[i].message);
        buffer_release(&b);
    }
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
        { BYTES(""),
          "no safetensors file: it has 0 bytes, the length of the header alone takes 8" },
        { BYTES("abc"), "no safetensors file: it has 3 bytes" },
        { BYTES("\2\0\0\0\0\0\0\0"),
          "no safetensors file: cut off at byte 8; the header alone ends "
          "at 10" },
        { BYTES("\2\0\0\0\0\0\0\0{"), "no safetensors file: cut off at byte 9" },
        { BYTES("\0\0\0\0\0\0\0\0"), "no safetensors file: the header does not begin with '{'" },
        { BYTES("\xff\xff\xff\xff\xff\xff\xff\xff{}"),
          "no safetensors file: the header would take 18446744073709551615 bytes; at most "
          "100000000 "
          "are accepted" },
        { BYTES("\xf8\xff\xff\xff\xff\xff\xff\xff{}"),
          "no safetensors file: the header would take" },
        { BYTES("\1\xe1\xf5\5\0\0\0\0{}"), "no safetensors file: the header would take 100000001" },
        { BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
          "no safetensors file but a Git-LFS pointer, not the file itself (fetch it with `git lfs "
          "pull`)" },
        { BYTES("PK\3\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
          "no safetensors file but a zip archive, such as PyTorch's .pt" },
        { BYTES("\x80\2\x8a\nl\xfc\x9c"
                "F\xf9 j\xa8P\x19."),
          "no safetensors file but a Python pickle" },
        { BYTES("\x80\4\x95\0\0\0\0\0\0\0\0"), "no safetensors file but a Python pickle" },
        { BYTES("\x93NUMPY\1\0v\0{"), "no safetensors file but a NumPy array (.npy)" },
        { BYTES("\x89HDF\r\n\x1a\n\0\0\0\0"), "no safetensors file but an HDF5 file" },
        { BYTES("GGUF\3\0\0\0\0\0"), "no safetensors file but a GGUF file" },
        { BYTES("\x1f\x8b\x08\0\0\0\0\0\0\0"), "no safetensors file but compressed by gzip" },
        { BYTES("<!DOCTYPE html>"), "no safetensors file but a web page" },
        { BYTES("{\"weight_map\": {}}"), "no safetensors file but JSON text" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put(cases[i].bytes, cases[i].size);
        check_refused(cases[i].message);
    }
    /* 640 bytes of header begin as a pickle does, and are none. */
    char header[641] = "{}";
    memset(header + 2, ' ', 638);
    put_header(header, 0);
    safetensors_close(open_x());
    struct error err = { 0 };
    struct safetensors *file;
    ck_assert_int_eq(safetensors_open(&file, "none", &err), -1);
    ck_assert_str_eq(err.message, "cannot open: No such file or directory");
    ck_assert_int_eq(safetensors_open(&file, ".", &err), -1);
    ck_assert_str_eq(err.message, "is no ordinary file; a safetensors file is needed");
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(safetensors_open(&file, "pipe", &err), -1); /* and does not wait */
    ck_assert_str_eq(err.message, "is no ordinary file; a safetensors file is needed");
}
END_TEST

/* A good file cut off anywhere, and every byte of its header changed: refused, or read whole. */
START_TEST(damaged)
{
    float w[] = { 1, 2, 3 };
    struct safetensors_item items[] = {
        { "w", { DTYPE_F32, 1, { 2 }, w } },
        { "v", { DTYPE_F32, 1, { 1 }, w } },
    };
    struct error err = { 0 };
    struct buffer b = { 0 };
    struct safetensors *file;
    json_t *metadata = json_pack("{s:s}", "a", "b");
    ck_assert_int_eq(safetensors_write("x", items, 2, metadata, &err), 0);
    json_decref(metadata);
    ck_assert_int_eq(file_read("x", 10000, &b, &err), 0);
    size_t size = b.size;
    for (size_t i = 0; i < size; i++) {
        put(b.data, i);
        ck_assert_int_eq(safetensors_open(&file, "x", &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
    }
    for (size_t i = 0; i < size - 12; i++) {
        char kept = b.data[i];
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] = (char)(kept ^ 1 << bit);
            put(b.data, size);
            if (safetensors_open(&file, "x", &err) == 0)
                safetensors_close(file);
            else
                ck_assert_int_eq(err.kind, ERROR_DATA);
        }
        b.data[i] = kept;
    }
    buffer_release(&b);
}
END_TEST

START_TEST(refused_writes)
{
    float w[] = { 1, 2 };
    struct safetensors_item items[] = {
        { "w", { DTYPE_F32, 1, { 2 }, w } },
        { "w", { DTYPE_F32, 1, { 1 }, w } },
    };
    struct error err = { 0 };
    ck_assert_int_eq(safetensors_write("x", items, 2, NULL, &err), -1);
    ck_assert_str_eq(err.message, "two tensors are called 'w'");
    items[1].name = "__metadata__";
    ck_assert_int_eq(safetensors_write("x", items, 2, NULL, &err), -1);
    ck_assert_str_eq(err.message, "no tensor may be called '__metadata__'");
    items[1].name = "\xff";
    ck_assert_int_eq(safetensors_write("x", items, 2, NULL, &err), -1);
    json_t *metadata = json_pack("{s:i}", "a", 1);
    ck_assert_int_eq(safetensors_write("x", items, 1, metadata, &err), -1);
    ck_assert_str_eq(err.message, "metadata 'a' is no text");
    json_decref(metadata);
    ck_assert_int_eq(safetensors_write("none/x", items, 1, NULL, &err), -1);
    ck_assert(!file_exists("x"));
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("safetensors");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, golden_bytes);
    tcase_add_test(cases, same_as_the_reference);
    tcase_add_test(cases, accepted_headers);
    tcase_add_test(cases, hostile_headers);
    tcase_add_test(cases, endless_headers);
    tcase_add_test(cases, other_files);
    tcase_add_test(cases, damaged);
    tcase_add_test(cases, refused_writes);
    return suite_run();
}
