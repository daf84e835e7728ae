#include "tests/daemon.h"

#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "loader/pipeline.h"
#include "tests/command_line.h"

enum { WORDS = 40, START_MS = 60000 };

struct tiny daemon_data;
char daemon_home[64];
static char train[128];
const char *daemon_settings[] = {
    train,
    "data.batch=8",
    "data.seed=7",
    "data.threads=2",
    "augment=[{random_crop: 20}, hflip, normalize]",
};
int daemon_setting_count = sizeof(daemon_settings) / sizeof(daemon_settings[0]);

void daemon_enter(void)
{
    tiny_make(&daemon_data, &(struct tiny_shape){ 4, DAEMON_IMAGES, 32, 28, 1 });
    snprintf(train, sizeof(train), "data.train=%s", daemon_data.root);
    snprintf(daemon_home, sizeof(daemon_home), "/tmp/tenfold-daemon-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(daemon_home));
    /* What a client starts by itself and finds by itself is this test's. */
    ck_assert_int_eq(setenv("XDG_RUNTIME_DIR", daemon_home, 1), 0);
}

void daemon_leave(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", daemon_home);
    ck_assert_int_eq(system(command), 0);
    tiny_remove(&daemon_data);
}

/* The process, its standard output at the other end of a pipe, its standard error in `log`. */
static pid_t spawn(const char *options, const char *log, int *out)
{
    char text[1000], program[256], *words[WORDS], *rest = NULL;
    int count = 0, pipes[2];
    const char *bin = getenv("TENFOLD_BIN");
    snprintf(program, sizeof(program), "%s/nnprepd", bin ? bin : "bin");
    snprintf(text, sizeof(text), "%s", options);
    words[count++] = program;
    for (char *w = strtok_r(text, " ", &rest); w && count < WORDS - 1;
         w = strtok_r(NULL, " ", &rest))
        words[count++] = w;
    words[count] = NULL;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        /* A test that fails leaves no daemon behind. */
        (void)dup2(pipes[1], STDOUT_FILENO);
        (void)freopen(log, "w", stderr);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        execv(program, words);
        _exit(127);
    }
    close(pipes[1]);
    *out = pipes[0];
    return pid;
}

void daemon_start(struct daemon *d, const char *options)
{
    daemon_start_at(d, "d.sock", options);
}

int daemon_port(const struct daemon *d, const char *what)
{
    char line[300], *found = NULL;
    FILE *file = fopen(d->log, "r");
    ck_assert_ptr_nonnull(file);
    while (!found && fgets(line, sizeof(line), file))
        found = strstr(line, what);
    fclose(file);
    ck_assert_msg(found != NULL, "no line %s in %s", what, d->log);
    line[strcspn(line, "\n")] = '\0';
    size_t end = strlen(line); /* the port stands last */
    while (end > 0 && line[end - 1] >= '0' && line[end - 1] <= '9')
        end--;
    return (int)strtol(line + end, NULL, 10);
}

void daemon_start_at(struct daemon *d, const char *socket, const char *options)
{
    static int number;
    char all[900], line[200] = "";
    int out;
    snprintf(d->address, sizeof(d->address), "unix:%s/%s", daemon_home, socket);
    snprintf(d->log, sizeof(d->log), "%s/log%d", daemon_home, number++);
    snprintf(all, sizeof(all), "--with-parent --listen %s %s", d->address, options);
    d->pid = spawn(all, d->log, &out);
    FILE *file = fdopen(out, "r");
    bool ready = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    if (!ready) {
        char command[200];
        snprintf(command, sizeof(command), "cat %s >&2", d->log);
        (void)!system(command);
    }
    ck_assert_msg(strncmp(line, "listening on ", 13) == 0, "nnprepd %s: %s", all, line);
}

int daemon_refused(const char *options, char *said, size_t size)
{
    char log[120];
    int out, status;
    snprintf(log, sizeof(log), "%s/refused", daemon_home);
    pid_t pid = spawn(options, log, &out);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    close(out);
    FILE *file = fopen(log, "r");
    ck_assert_ptr_nonnull(file);
    said[fread(said, 1, size - 1, file)] = '\0';
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void daemon_said(const struct daemon *d, const char *what, int times)
{
    for (int tries = 0; tries < 600; tries++) {
        char line[2000];
        int found = 0;
        FILE *file = fopen(d->log, "r");
        ck_assert_ptr_nonnull(file);
        while (fgets(line, sizeof(line), file))
            found += strstr(line, what) != NULL;
        fclose(file);
        if (found >= times)
            return;
        usleep(50000);
    }
    ck_abort_msg("the daemon has not said '%s'", what);
}

int daemon_stop(struct daemon *d)
{
    int status;
    ck_assert_int_eq(kill(d->pid, SIGTERM), 0);
    ck_assert_int_eq(waitpid(d->pid, &status, 0), d->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void daemon_kill(struct daemon *d)
{
    int status;
    ck_assert_int_eq(kill(d->pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(d->pid, &status, 0), d->pid);
}

struct client_options daemon_options(const struct daemon *d)
{
    return (struct client_options){
        .address = d->address,
        .settings = daemon_settings,
        .count = daemon_setting_count,
        .has_start = true,
    };
}

struct client *daemon_client(const struct daemon *d, const struct client_options *o)
{
    struct client_options standard = daemon_options(d);
    struct error err = { 0 };
    struct client *c;
    ck_assert_msg(client_open(&c, o ? o : &standard, &err) == 0, "%s: %s", err.place, err.message);
    return c;
}

struct talk *daemon_talk(const struct daemon *d)
{
    struct talk *t;
    struct error err = { 0 };
    ck_assert_msg(talk_open(&t, d->address, NULL, START_MS, &err) == 0, "%s: %s", err.place,
                  err.message);
    return t;
}

json_t *daemon_stats(const struct daemon *d)
{
    struct talk *t = daemon_talk(d);
    struct talk_message reply;
    struct error err = { 0 };
    ck_assert_msg(talk_request(t, json_pack("{s:s}", "type", "stats"), START_MS, &reply, &err) == 0,
                  "%s", err.message);
    json_t *stats = json_incref(json_object_get(reply.object, "stats"));
    talk_message_release(&reply);
    talk_close(t);
    return stats;
}

uint64_t batch_sum(const struct batch *b, const struct client_shape *shape)
{
    size_t n = b->header->count, bytes = output_bytes(&shape->form, b->width, b->height);
    return hash64(b->images, n * bytes) + 3 * hash64(b->label, n * sizeof(*b->label)) +
           5 * hash64(b->id, n * sizeof(*b->id)) + 7 * hash64(b->weight, n * sizeof(*b->weight));
}

void local_sums(uint64_t start, int count, uint64_t *sums)
{
    struct config *config;
    struct pipeline p;
    struct stream *stream;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, "", 0, "test", &err), 0);
    for (int i = 0; i < daemon_setting_count; i++)
        ck_assert_msg(config_set(config, daemon_settings[i], &err) == 0, "%s", err.message);
    ck_assert_msg(pipeline_open(&p, config, NULL, &err) == 0, "%s: %s", err.place, err.message);
    p.data.stream.start = start;
    ck_assert_int_eq(stream_open(&stream, p.index, p.recipe, p.mix, &p.data.stream, &err), 0);
    struct client_shape shape = { .form = p.data.stream.form };
    for (int i = 0; i < count; i++) {
        struct batch b;
        ck_assert_int_eq(stream_next(stream, &b, &err), 1);
        sums[i] = batch_sum(&b, &shape);
        stream_release(stream, &b);
    }
    stream_close(stream);
    pipeline_close(&p);
    config_close(config);
}

int descriptors_of(pid_t pid)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    ck_assert_ptr_nonnull(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

long resident_kib(pid_t pid)
{
    char path[64];
    long pages, resident;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%ld %ld", &pages, &resident), 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int daemon_run(const char *line, char *out, size_t size)
{
    const struct command_line_mark marks[] = { { '@', command_line_bin() },
                                               { '%', daemon_home },
                                               { 0 } };
    return command_line_run(line, marks, out, size);
}

void daemon_write(const char *name, const char *text)
{
    char path[200];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", daemon_home, name);
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
}
