/*
 * Claim: what a client sends or leaves unread ends its own connection at most; what cannot be is
 * refused in words; a config may come in many ways, and batches over the connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/socket.h"
#include "tests/daemon.h"
#include "tests/suite.h"

static struct daemon d;

static void setup(void)
{
    daemon_enter();
    daemon_start(&d, "--threads 2 --grace 1");
}

static void teardown(void)
{
    ck_assert_int_eq(daemon_stop(&d), 0);
    daemon_leave();
}

static int raw_connection(void)
{
    struct error err = { 0 };
    int fd = unix_connect(d.address + 5, &err);
    ck_assert_msg(fd >= 0, "%s", err.message);
    return fd;
}

/* A client takes batches as if nothing were. */
static void must_serve(void)
{
    uint64_t expected[3];
    struct client *c = daemon_client(&d, NULL);
    struct client_shape shape = client_shape(c);
    struct error err = { 0 };
    local_sums(0, 3, expected);
    for (int i = 0; i < 3; i++) {
        struct batch b;
        ck_assert_msg(client_next(c, &b, &err) == 1, "%s", err.message);
        ck_assert_uint_eq(b.header->step, (uint64_t)i);
        ck_assert_uint_eq(batch_sum(&b, &shape), expected[i]);
        client_release(c, &b);
    }
    client_close(c);
}

static void write_message(int fd, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    ck_assert_int_eq(send(fd, &length, 4, MSG_NOSIGNAL), 4);
    ck_assert_int_eq(send(fd, text, length, MSG_NOSIGNAL), length);
}

/* Read to the end of the connection; the number of bytes that came into `text`. */
static size_t read_to_end(int fd, char *text, size_t size)
{
    size_t got = 0;
    struct timeval limit = { .tv_sec = 20 };
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    for (;;) {
        ssize_t n = recv(fd, text + got, size - 1 - got, 0);
        if (n < 0 && errno == ECONNRESET)
            n = 0;
        ck_assert_msg(n >= 0, "the connection does not end: %s", strerror(errno));
        if (n == 0)
            break;
        got += (size_t)n;
    }
    for (size_t i = 0; i < got; i++)
        text[i] = text[i] ? text[i] : ' ';
    text[got] = '\0';
    return got;
}

#define HELLO "{\"type\":\"hello\",\"id\":1,\"version\":1,\"software\":\"test\"}"

/* Each of these ends the connection, with these words before. */
static const struct {
    const char *messages[3];
    const char *says;
} fatal[] = {
    { { "{\"type\":\"hello\",\"id\":1,\"version\":2}" }, "speaks version 1" },
    { { "{\"type\":\"hello\",\"id\":1}" }, "version is 0" },
    { { "{\"type\":\"stats\",\"id\":1}" }, "before hello" },
    { { HELLO, "{\"type\":\"nonsense\",\"id\":2}" }, "nonsense is unknown" },
    { { HELLO, "{\"type\":\"stats\"}" }, "no integer" },
    { { HELLO, HELLO }, "has been said" },
    { { HELLO, "[]" }, "no JSON object" },
    { { HELLO, "{\"type\":\"stats\",\"id\":2,\"id\":3}" }, "duplicate" },
    { { HELLO, "{" }, "not valid JSON" },
};

START_TEST(nonsense_ends_a_connection)
{
    char text[4000];
    int fd = raw_connection();
    for (int i = 0; i < 3 && fatal[_i].messages[i]; i++)
        write_message(fd, fatal[_i].messages[i]);
    read_to_end(fd, text, sizeof(text));
    ck_assert_msg(strstr(text, fatal[_i].says), "%s", text);
    ck_assert_msg(strstr(text, "\"type\":\"error\""), "%s", text);
    close(fd);
    must_serve();
}
END_TEST

/* Each of these is refused, and the connection goes on. */
static const struct {
    const char *message, *says;
} declined[] = {
    { "{\"type\":\"open\",\"id\":2,\"config\":{\"name\":\"none\"}}", "holds no config none" },
    { "{\"type\":\"open\",\"id\":2,\"config\":{\"path\":\"a.yaml\"}}", "not absolute" },
    { "{\"type\":\"open\",\"id\":2,\"config\":{\"path\":\"/nowhere.yaml\"}}", "/nowhere.yaml" },
    { "{\"type\":\"open\",\"id\":2,\"config\":{\"memfd\":true}}", "no descriptor" },
    { "{\"type\":\"open\",\"id\":2,\"config\":{\"text\":\"extends: /etc/passwd\"}}", "extends" },
    { "{\"type\":\"open\",\"id\":2,\"config\":{\"text\":\"data: [\"}}", "config" },
    { "{\"type\":\"open\",\"id\":2,\"config\":7}", "none of name" },
    { "{\"type\":\"open\",\"id\":2,\"folder\":\"here\"}", "absolute" },
    { "{\"type\":\"open\",\"id\":2,\"settings\":[\"nonsense\"]}", "KEY=VALUE" },
    { "{\"type\":\"open\",\"id\":2,\"settings\":{\"a\":1}}", "list" },
    { "{\"type\":\"open\",\"id\":2,\"settings\":[\"data.train=/nowhere/at/all\"]}", "/nowhere" },
    { "{\"type\":\"open\",\"id\":2,\"settings\":[\"data.bacth=8\"]}", "batch" },
    { "{\"type\":\"open\",\"id\":2,\"rank\":-1}", "rank" },
    { "{\"type\":\"open\",\"id\":2,\"start\":\"x\"}", "start" },
    { "{\"type\":\"open\",\"id\":2,\"slow\":\"never\"}", "hold or private" },
    { "{\"type\":\"open\",\"id\":2,\"transport\":\"pigeon\"}", "memory or stream" },
    { "{\"type\":\"open\",\"id\":2,\"share\":1}", "true or false" },
    { "{\"type\":\"open\",\"id\":2,\"start\":1,\"state\":{}}", "beside a state" },
    { "{\"type\":\"take\",\"id\":2,\"batches\":1}", "no stream" },
    { "{\"type\":\"part\",\"id\":2}", "no text" },
};

START_TEST(mistakes_are_refused)
{
    struct talk *t = daemon_talk(&d);
    for (size_t i = 0; i < sizeof(declined) / sizeof(declined[0]); i++) {
        struct talk_message reply;
        struct error err = { 0 };
        json_t *request = json_loads(declined[i].message, 0, NULL);
        ck_assert_ptr_nonnull(request);
        ck_assert_int_eq(talk_request(t, request, 20000, &reply, &err), -1);
        ck_assert_msg(strstr(err.message, declined[i].says) || strstr(err.place, declined[i].says),
                      "%s: %s: %s", declined[i].message, err.place, err.message);
    }
    talk_close(t);
    must_serve();
}
END_TEST

static void text_config(char *text, size_t size)
{
    snprintf(text, size,
             "data: {train: %s, batch: 8, seed: 7}\n"
             "augment: [{random_crop: 20}, hflip, normalize]\n",
             strrchr(daemon_data.root, '/') + 1);
}

/* The state that an open request is answered with: the same however the config came. */
static json_t *open_by(struct talk *t, json_t *request)
{
    struct talk_message reply;
    struct error err = { 0 };
    ck_assert_msg(talk_request(t, request, 60000, &reply, &err) == 0, "%s: %s", err.place,
                  err.message);
    ck_assert_int_eq(reply.count, MESSAGE_FDS);
    json_t *state = json_incref(json_object_get(reply.object, "state"));
    talk_message_release(&reply);
    ck_assert_int_eq(talk_request(t, json_pack("{s:s}", "type", "close"), 20000, &reply, &err), 0);
    talk_message_release(&reply);
    return state;
}

START_TEST(configs_come_in_many_ways)
{
    char text[300], path[100];
    struct error err = { 0 };
    struct talk_message reply;
    struct talk *t = daemon_talk(&d);
    text_config(text, sizeof(text));
    json_t *by_text = open_by(t, json_pack("{s:s, s:{s:s}, s:s}", "type", "open", "config", "text",
                                           text, "folder", "/tmp"));
    for (size_t i = 0; text[i]; i++) { /* byte by byte */
        json_t *part = json_pack("{s:s, s:s%}", "type", "part", "text", text + i, (size_t)1);
        ck_assert_int_eq(talk_request(t, part, 20000, &reply, &err), 0);
        talk_message_release(&reply);
    }
    json_t *by_parts = open_by(t, json_pack("{s:s, s:{s:b}, s:s}", "type", "open", "config",
                                            "parts", true, "folder", "/tmp"));
    snprintf(path, sizeof(path), "%s/a.yaml", daemon_home);
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
    json_t *by_path = open_by(t, json_pack("{s:s, s:{s:s}, s:s}", "type", "open", "config", "path",
                                           path, "folder", "/tmp"));
    ck_assert(json_equal(by_text, by_parts));
    ck_assert(json_equal(by_text, by_path));
    json_decref(by_text);
    json_decref(by_parts);
    json_decref(by_path);
    talk_close(t);
}
END_TEST

/* A descriptor rides on the message; one that is no memfd, or too large, is refused. */
START_TEST(config_in_a_memfd)
{
    char text[300], answer[8000], message[200];
    text_config(text, sizeof(text));
    int good = memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int large = memfd_create("config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(write(good, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(ftruncate(large, CONFIG_TEXT_MAX + 1), 0);
    const struct {
        int fd;
        const char *says;
    } cases[] = { { good, "\"type\":\"opened\"" },
                  { large, "the limit" },
                  { pipes[0], "no memfd" } };
    for (size_t i = 0; i < 3; i++) {
        struct error err = { 0 };
        int fd = raw_connection();
        write_message(fd, HELLO);
        int length = snprintf(message + 4, sizeof(message) - 4,
                              "{\"type\":\"open\",\"id\":2,\"config\":{\"memfd\":true},\"folder\":"
                              "\"/tmp\"}");
        memcpy(message, &(uint32_t){ (uint32_t)length }, 4);
        ck_assert_int_eq(
            message_send(fd, (uint8_t *)message, 4 + (size_t)length, &cases[i].fd, 1, &err), 0);
        size_t got = 0;
        answer[0] = '\0';
        for (int tries = 0; tries < 100 && !strstr(answer, "\"id\":2"); tries++) {
            ssize_t n = recv(fd, answer + got, sizeof(answer) - 1 - got, 0);
            ck_assert_int_gt(n, 0);
            for (ssize_t j = 0; j < n; j++)
                answer[got + (size_t)j] = answer[got + (size_t)j] ? answer[got + (size_t)j] : ' ';
            got += (size_t)n;
            answer[got] = '\0';
        }
        ck_assert_msg(strstr(answer, cases[i].says), "%s", answer);
        close(fd);
    }
    close(good);
    close(large);
    close(pipes[0]);
    close(pipes[1]);
}
END_TEST

/* Descriptors that no message names are closed, and too many end the connection. */
START_TEST(descriptors_are_not_kept)
{
    struct error err = { 0 };
    char text[4000];
    int before = descriptors_of(d.pid), fd = raw_connection(), null = open("/dev/null", O_RDONLY);
    int fds[MESSAGE_FDS] = { null, null, null, null };
    for (int i = 0; i < 3; i++)
        if (message_send(fd, (const uint8_t *)"\1", 1, fds, MESSAGE_FDS, &err) < 0)
            break;
    read_to_end(fd, text, sizeof(text));
    close(fd);
    close(null);
    must_serve();
    for (int tries = 0; tries < 100 && descriptors_of(d.pid) > before; tries++)
        usleep(20000);
    ck_assert_int_le(descriptors_of(d.pid), before);
}
END_TEST

/* Half a message and silence, or the end: others do not notice. */
START_TEST(truncated)
{
    int half[8];
    for (int i = 0; i < 8; i++) {
        half[i] = raw_connection();
        ck_assert_int_eq(send(half[i], "\100\0\0\0{\"type\":", 4 + i, MSG_NOSIGNAL), 4 + i);
        if (i % 2)
            close(half[i]);
    }
    must_serve();
    for (int i = 0; i < 8; i += 2)
        close(half[i]);
}
END_TEST

/* A client that asks without reading is left unread in turn; its answers take bounded memory. */
START_TEST(floods)
{
    int fd = raw_connection();
    long before = resident_kib(d.pid);
    write_message(fd, HELLO);
    const char *request = "{\"type\":\"stats\",\"id\":1}";
    uint32_t length = (uint32_t)strlen(request);
    char message[64];
    memcpy(message, &length, 4);
    memcpy(message + 4, request, length);
    int sent = 0;
    for (int idle = 0; idle < 20 && sent < 1000000;) {
        if (send(fd, message, 4 + length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(4 + length)) {
            sent++;
            idle = 0;
        } else {
            usleep(20000);
            idle++;
        }
    }
    ck_assert_int_lt(sent, 1000000); /* the daemon has stopped reading */
    must_serve();
    ck_assert_int_lt(resident_kib(d.pid) - before, 65536);
    close(fd);
}
END_TEST

/* A client that has asked for batches over the socket and reads none. */
START_TEST(stops_reading)
{
    struct talk *t = daemon_talk(&d);
    struct talk_message reply;
    struct error err = { 0 };
    json_t *settings = json_array();
    for (int i = 0; i < daemon_setting_count; i++)
        json_array_append_new(settings, json_string(daemon_settings[i]));
    ck_assert_msg(talk_request(t,
                               json_pack("{s:s, s:o, s:s, s:b}", "type", "open", "settings",
                                         settings, "transport", "stream", "share", false),
                               60000, &reply, &err) == 0,
                  "%s", err.message);
    ck_assert_int_eq(reply.count, 0);
    talk_message_release(&reply);
    ck_assert_int_eq(talk_send(t, json_pack("{s:s, s:i}", "type", "take", "batches", 1000), &err),
                     0);
    usleep(300000);
    must_serve();
    /* Its stream can be closed all the same: the batch on its way arrives whole, then the reply. */
    talk_close(t);
    must_serve();
}
END_TEST

/* Batches over the socket are those of the loader in this process. */
START_TEST(batches_over_the_socket)
{
    enum { COUNT = 12 };
    uint64_t expected[COUNT];
    struct talk *t = daemon_talk(&d);
    struct talk_message reply, event;
    struct error err = { 0 };
    json_t *settings = json_array();
    local_sums(0, COUNT, expected);
    for (int i = 0; i < daemon_setting_count; i++)
        json_array_append_new(settings, json_string(daemon_settings[i]));
    ck_assert_msg(
        talk_request(t,
                     json_pack("{s:s, s:o, s:s, s:i, s:i}", "type", "open", "settings", settings,
                               "transport", "stream", "start", 0, "steps", COUNT),
                     60000, &reply, &err) == 0,
        "%s", err.message);
    talk_message_release(&reply);
    ck_assert_int_eq(talk_send(t, json_pack("{s:s, s:i}", "type", "take", "batches", 5), &err), 0);
    static uint8_t bytes[1 << 20];
    enum { IMAGES = DAEMON_BATCH * 3 * 20 * 20 * 4, LABELS = DAEMON_BATCH * 8 };
    struct slot_header header = { .count = DAEMON_BATCH };
    struct client_shape shape = { .form = { DTYPE_F32, LAYOUT_NCHW } };
    for (int i = 0; i < COUNT; i++) {
        if (i == 5)
            ck_assert_int_eq(
                talk_send(t, json_pack("{s:s, s:i}", "type", "take", "batches", 100), &err), 0);
        int rc;
        while ((rc = talk_event(t, &event, &err)) == 0)
            ck_assert_msg(talk_wait(t, -1, 20000, &err) == 1, "no batch %d", i);
        ck_assert_msg(rc == 1, "%s", err.message);
        ck_assert_str_eq(json_string_value(json_object_get(event.object, "type")), "batch");
        ck_assert_int_eq(json_integer_value(json_object_get(event.object, "step")), i);
        size_t n = (size_t)json_integer_value(json_object_get(event.object, "bytes"));
        ck_assert_uint_eq(n, IMAGES + 2 * LABELS + DAEMON_BATCH * 4);
        ck_assert_int_eq(talk_bytes(t, bytes, n, 20000, &err), 0);
        talk_message_release(&event);
        struct batch b = { .header = &header,
                           .images = bytes,
                           .label = (void *)(bytes + IMAGES),
                           .id = (void *)(bytes + IMAGES + LABELS),
                           .weight = (void *)(bytes + IMAGES + 2 * LABELS),
                           .height = 20,
                           .width = 20 };
        ck_assert_msg(batch_sum(&b, &shape) == expected[i], "batch %d", i);
    }
    int rc;
    while ((rc = talk_event(t, &event, &err)) == 0)
        ck_assert_int_eq(talk_wait(t, -1, 20000, &err), 1);
    ck_assert_int_eq(rc, 1);
    ck_assert_str_eq(json_string_value(json_object_get(event.object, "type")), "ended");
    talk_message_release(&event);
    talk_close(t);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("server");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, nonsense_ends_a_connection, 0, sizeof(fatal) / sizeof(fatal[0]));
    tcase_add_test(cases, mistakes_are_refused);
    tcase_add_test(cases, configs_come_in_many_ways);
    tcase_add_test(cases, config_in_a_memfd);
    tcase_add_test(cases, descriptors_are_not_kept);
    tcase_add_test(cases, truncated);
    tcase_add_test(cases, floods);
    tcase_add_test(cases, stops_reading);
    tcase_add_test(cases, batches_over_the_socket);
    return suite_run();
}
