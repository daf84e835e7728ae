#include "base/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { BACKLOG = 256, LOCK_TRIES = 40 };

static int unix_address(struct sockaddr_un *address, const char *path, struct error *err)
{
    size_t length = strlen(path);
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (length == 0 || length >= sizeof(address->sun_path))
        return error_set(err, ERROR_USAGE, path, "a socket's path has 1..%zu bytes",
                         sizeof(address->sun_path) - 1);
    memcpy(address->sun_path, path, length);
    return 0;
}

/* 1: somebody answers, 0: nobody. A full queue is an answer. */
static int answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return 1;
    int rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    bool nobody = rc < 0 && (errno == ECONNREFUSED || errno == ENOENT);
    close(fd);
    return !nobody;
}

/* The folder of `path`, locked; another's start takes a moment. */
static int lock_folder(const char *path, struct error *err)
{
    char *folder = file_folder(path, err);
    if (!folder)
        return -1;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_errno(err, folder, "cannot be opened");
        free(folder);
        return -1;
    }
    free(folder);
    for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (errno != EWOULDBLOCK || i == LOCK_TRIES) {
            error_errno(err, path, "its folder cannot be locked");
            close(fd);
            return -1;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    }
    return fd;
}

static int remove_stale(const struct sockaddr_un *address, struct error *err)
{
    struct stat st;
    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : error_errno(err, address->sun_path, "cannot be looked at");
    if (!S_ISSOCK(st.st_mode))
        return error_set(err, ERROR_USAGE, address->sun_path, "is there and is no socket");
    if (answered(address))
        return error_set(err, ERROR_FAILED, address->sun_path, "is served by another process");
    if (unlink(address->sun_path) < 0)
        return error_errno(err, address->sun_path, "left by a dead process, cannot be removed");
    return 0;
}

static int bind_and_listen(struct unix_listener *l, const struct sockaddr_un *address, mode_t mode,
                           struct error *err)
{
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return error_errno(err, l->path, "no socket");
    /* Nobody else may connect before the mode is what it is to be. */
    mode_t before = umask(0177);
    int rc = bind(l->fd, (const struct sockaddr *)address, sizeof(*address));
    umask(before);
    struct stat st;
    if (rc < 0 || chmod(l->path, mode) < 0 || listen(l->fd, BACKLOG) < 0 ||
        lstat(l->path, &st) < 0) {
        error_errno(err, l->path, "cannot listen");
        if (rc == 0)
            unlink(l->path);
        close(l->fd);
        return -1;
    }
    l->device = st.st_dev;
    l->inode = st.st_ino;
    return 0;
}

int unix_listen(struct unix_listener *l, const char *path, mode_t mode, struct error *err)
{
    struct sockaddr_un address;
    *l = (struct unix_listener){ .fd = -1 };
    if (unix_address(&address, path, err) < 0)
        return -1;
    memcpy(l->path, address.sun_path, sizeof(l->path));
    int lock = lock_folder(path, err);
    if (lock < 0)
        return -1;
    int rc = remove_stale(&address, err);
    if (rc == 0)
        rc = bind_and_listen(l, &address, mode, err);
    close(lock);
    return rc;
}

void unix_unlisten(struct unix_listener *l)
{
    struct stat st;
    if (l->fd < 0)
        return;
    close(l->fd);
    l->fd = -1;
    if (l->inode && lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->path);
}

int unix_connect(const char *path, struct error *err)
{
    struct sockaddr_un address;
    if (unix_address(&address, path, err) < 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return error_errno(err, path, "no socket");
    int rc;
    do
        rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        return fd;
    bool nobody = errno == ECONNREFUSED || errno == ENOENT;
    error_errno(err, path, nobody ? "no daemon answers there" : "cannot connect");
    if (nobody)
        err->kind = ERROR_DATA;
    close(fd);
    return -1;
}

int unix_peer(int fd, struct peer *peer, struct error *err)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return error_errno(err, NULL, "the peer's credentials cannot be read");
    *peer = (struct peer){ credentials.pid, credentials.uid, credentials.gid };
    return 0;
}

bool unix_peer_in_group(int fd, const struct peer *peer, gid_t group)
{
    if (peer->gid == group)
        return true;
    gid_t groups[1024];
    socklen_t size = sizeof(groups);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return false;
    for (size_t i = 0; i < size / sizeof(gid_t); i++)
        if (groups[i] == group)
            return true;
    return false;
}

static int resolve(const char *address, int flags, struct addrinfo **list, struct error *err)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;
    if (length == 0 || length >= sizeof(host) || !colon[1])
        return error_set(err, ERROR_USAGE, address, "must be HOST:PORT, such as 127.0.0.1:9100");
    char *end;
    long port = strtol(colon + 1, &end, 10);
    if (*end == '\0' && (port < 0 || port > 65535)) /* getaddrinfo would take it modulo 65536 */
        return error_set(err, ERROR_USAGE, address, "the port must be 0..65535");
    const char *begin = address;
    if (begin[0] == '[' && begin[length - 1] == ']') {
        begin++;
        length -= 2;
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
    int rc = getaddrinfo(host, colon + 1, &hints, list);
    if (rc == 0)
        return 0;
    return error_set(err, ERROR_USAGE, address, "is no address: %s", gai_strerror(rc));
}

static int port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name;
    socklen_t size = sizeof(name);
    if (getsockname(fd, &name.any, &size) < 0)
        return 0;
    return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

int tcp_listen(const char *address, int *port, struct error *err)
{
    struct addrinfo *list;
    if (resolve(address, AI_PASSIVE, &list, err) < 0)
        return -1;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, list->ai_protocol);
    int one = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(fd, list->ai_addr, list->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        error_errno(err, address, "cannot listen");
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd >= 0 && port)
        *port = port_of(fd);
    return fd;
}

/* Connect within `wait_ms`: the socket does not block meanwhile. */
static int connect_within(int fd, const struct addrinfo *to, int wait_ms)
{
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -1;
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int rc = poll(&p, 1, wait_ms);
    if (rc <= 0) {
        errno = rc == 0 ? ETIMEDOUT : errno;
        return -1;
    }
    int problem = 0;
    socklen_t size = sizeof(problem);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0)
        return -1;
    errno = problem;
    return problem ? -1 : 0;
}

int tcp_connect(const char *address, int wait_ms, struct error *err)
{
    struct addrinfo *list;
    if (resolve(address, 0, &list, err) < 0)
        return -1;
    int fd = -1, one = 1;
    error_set(err, ERROR_FAILED, address, "no socket");
    for (struct addrinfo *to = list; to && fd < 0; to = to->ai_next) {
        fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, to->ai_protocol);
        if (fd < 0 || connect_within(fd, to, wait_ms) == 0)
            continue;
        error_errno(err, address, "cannot connect");
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0) {
        error_errno(err, address, "cannot set the socket up");
        close(fd);
        return -1;
    }
    return fd;
}

char *socket_folder(struct error *err)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char fallback[64];
    snprintf(fallback, sizeof(fallback), "/tmp/tenfold-%u", (unsigned)geteuid());
    char *folder = runtime && runtime[0] == '/' ? file_join(runtime, "tenfold", err)
                                                : memory_text(fallback, err);
    if (!folder)
        return NULL;
    struct stat st;
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        error_errno(err, folder, "cannot be made");
    } else if (lstat(folder, &st) < 0) {
        error_errno(err, folder, "cannot be looked at");
    } else if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077)) {
        error_set(
            err, ERROR_FAILED, folder,
            "must be a folder of this user's with mode 0700; name another place with unix:PATH");
    } else {
        return folder;
    }
    free(folder);
    return NULL;
}
