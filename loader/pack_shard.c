#include "loader/pack_shard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"

static const char magic[] = "tenfold-pack 1\n";
static const uint64_t SHARD_INDEX_MAX = 1u << 30; /* bytes; ten million samples */
enum { COLUMNS = 7, HEAD_MAX = 64 << 10 };        /* bytes of the first two lines */

int pack_shard_begin(struct buffer *text, json_t *head, struct error *err)
{
    char *line = head ? json_dumps(head, JSON_COMPACT) : NULL;
    json_decref(head);
    if (!line)
        return error_set(err, ERROR_FAILED, NULL, "no memory for a shard's index");
    text->size = 0;
    int rc = buffer_print(text, err, "%s%s\n", magic, line);
    free(line);
    return rc;
}

/* Names of files may hold anything: TAB, LF and backslash are written \t, \n, \\. */
static int add_text(struct buffer *text, const char *s, char end, struct error *err)
{
    while (*s) {
        size_t plain = strcspn(s, "\t\n\\");
        if (buffer_append(text, s, plain, err) < 0)
            return -1;
        s += plain;
        if (!*s)
            break;
        char escape[2] = { '\\', *s == '\t' ? 't' : *s == '\n' ? 'n' : '\\' };
        if (buffer_append(text, escape, 2, err) < 0)
            return -1;
        s++;
    }
    return buffer_append(text, &end, 1, err);
}

static void unescape(char *s)
{
    char *to = s;
    for (; *s; s++)
        if (*s == '\\' && s[1]) {
            s++;
            *to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
        } else {
            *to++ = *s;
        }
    *to = '\0';
}

int pack_shard_add(struct buffer *text, const struct pack_row *row, struct error *err)
{
    if (buffer_print(text, err, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64 "\t%08" PRIx32 "\t",
                     pack_kind_name(row->kind), row->offset, row->size, row->label, row->crc) < 0 ||
        add_text(text, row->key, '\t', err) < 0)
        return -1;
    return add_text(text, row->reason, '\n', err);
}

bool pack_shard_is(const char *path)
{
    char begin[sizeof(magic) - 1];
    FILE *file = fopen(path, "rbe");
    bool is = file && fread(begin, sizeof(begin), 1, file) == 1 &&
              memcmp(begin, magic, sizeof(begin)) == 0;
    if (file)
        fclose(file);
    return is;
}

/* The head of a file that begins with `text`; *rows is behind it. */
static json_t *parse_head(char *text, size_t size, const char *path, char **rows, struct error *err)
{
    size_t begin = sizeof(magic) - 1;
    if (size < begin || memcmp(text, magic, begin) != 0) {
        error_set(err, ERROR_DATA, path, "is no index of a packed shard");
        return NULL;
    }
    char *end = memchr(text + begin, '\n', size - begin);
    if (!end) {
        error_set(err, ERROR_DATA, path, "is cut off");
        return NULL;
    }
    *rows = end + 1;
    return json_parse(text + begin, (size_t)(end - text) - begin, path, err);
}

json_t *pack_shard_head(const char *path, struct error *err)
{
    char text[HEAD_MAX], *rows;
    FILE *file = fopen(path, "rbe");
    if (!file) {
        error_errno(err, path, "cannot open");
        return NULL;
    }
    size_t size = fread(text, 1, sizeof(text), file);
    json_t *head = NULL;
    if (ferror(file))
        error_errno(err, path, "cannot read");
    else
        head = parse_head(text, size, path, &rows, err);
    fclose(file);
    return head;
}

int pack_shard_open(struct pack_shard *shard, const char *path, struct error *err)
{
    *shard = (struct pack_shard){ .path = path };
    if (file_read(path, SHARD_INDEX_MAX, &shard->text, err) < 0)
        return -1;
    shard->head = parse_head(shard->text.data, shard->text.size, path, &shard->at, err);
    if (shard->head)
        return 0;
    buffer_release(&shard->text);
    return -1;
}

static bool read_number(const char *text, int base, uint64_t most, uint64_t *value)
{
    char *end;
    if (!strchr("0123456789abcdef", text[0]) || !text[0])
        return false;
    *value = strtoull(text, &end, base);
    return *end == '\0' && *value <= most;
}

static bool read_row(char *column[COLUMNS], struct pack_row *row)
{
    uint64_t label = 0, crc;
    bool unknown = strcmp(column[3], "-1") == 0;
    row->kind = pack_kind_find(column[0]);
    if (row->kind == PACK_KINDS || !read_number(column[1], 10, INT64_MAX, &row->offset) ||
        !read_number(column[2], 10, INT64_MAX, &row->size) ||
        (!unknown && !read_number(column[3], 10, INT32_MAX, &label)) ||
        !read_number(column[4], 16, UINT32_MAX, &crc))
        return false;
    row->label = unknown ? -1 : (int64_t)label;
    row->crc = (uint32_t)crc;
    unescape(column[5]);
    unescape(column[6]);
    row->key = column[5];
    row->reason = column[6];
    return true;
}

int pack_shard_next(struct pack_shard *shard, struct pack_row *row, struct error *err)
{
    if (!*shard->at) {
        uint64_t samples = pack_head_number(shard->head, "samples");
        return shard->rows == samples ? 0
                                      : error_set(err, ERROR_DATA, shard->path,
                                                  "has %" PRIu64 " rows; its head says %" PRIu64,
                                                  shard->rows, samples);
    }
    char *column[COLUMNS], *at = shard->at, *end = strchr(at, '\n');
    int columns = 0;
    if (end)
        *end = '\0';
    for (; end && at && columns < COLUMNS; columns++) {
        column[columns] = at;
        at = strchr(at, '\t');
        if (at)
            *at++ = '\0';
    }
    if (!end || at || columns < COLUMNS || !read_row(column, row))
        return error_set(err, ERROR_DATA, shard->path, "row %" PRIu64 " is broken",
                         shard->rows + 1);
    shard->at = end + 1;
    shard->rows++;
    return 1;
}

uint64_t pack_head_number(const json_t *head, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(head, name));
    return value > 0 ? (uint64_t)value : 0;
}

void pack_shard_close(struct pack_shard *shard)
{
    json_decref(shard->head);
    buffer_release(&shard->text);
    *shard = (struct pack_shard){ 0 };
}
